// Huber: the sum or the mean of e^2 / 2 where |e| <= delta, delta (|e| - delta / 2) elsewhere, e = prediction - target
// (Huber 1964). Both are c (e - c / 2), c being e limited to [-delta, delta].
#include <fmt/format.h>

#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/reduced_loss.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

Shape ShapeRule(const ShapeArgs& args) {
  const double delta = std::get<double>(args.attributes[0]);
  if (!(delta > 0)) throw ShapeError(fmt::format("delta is {}; it must be over 0", delta));
  return ScalarOfPrediction(args);
}

Value Compose(OpBuilder& b) {
  const auto [prediction, target] = b.Operands<2>();
  const Value error = b.Sub(prediction, target);
  const Value limited = b.Apply("Clamp", {error}, {-b.Real(0), b.Real(0)});
  return Reduce(b, b.Mul(limited, b.Sub(error, b.Scale(limited, 0.5))), 1);
}

const OpDef kHuber = {
    .name = "Huber",
    .operands = {{"prediction"}, {"target"}},
    .attributes = {"delta", "reduction"},
    .shape_rule = ShapeRule,
    .compose = Compose,
};
PLGRAPH_REGISTER_OP(kHuber);

}  // namespace
}  // namespace plgraph
