// Psnr: 10 log10(peak^2 / mean (prediction - target)^2), in dB.
#include <fmt/format.h>

#include <cmath>

#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

Shape ShapeRule(const ShapeArgs& args) {
  CheckPeak(std::get<double>(args.attributes[0]));
  return ScalarOfPrediction(args);
}

Value Compose(OpBuilder& b) {
  const auto [prediction, target] = b.Operands<2>();
  const Value error = b.MeanTo(b.Square(b.Sub(prediction, target)), {});
  return b.Scale(b.Apply("Log", {error}), -10 / std::log(10), 20 * std::log10(b.Real(0)));
}

const OpDef kPsnr = {
    .name = "Psnr",
    .operands = {{"prediction"}, {"target"}},
    .attributes = {"peak"},
    .shape_rule = ShapeRule,
    .compose = Compose,
};
PLGRAPH_REGISTER_OP(kPsnr);

}  // namespace
}  // namespace plgraph
