// SquaredError: the sum or the mean of (prediction - target)^2.
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/reduced_loss.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

Value Compose(OpBuilder& b) {
  const auto [prediction, target] = b.Operands<2>();
  return Reduce(b, b.Square(b.Sub(prediction, target)), 0);
}

const OpDef kSquaredError = {
    .name = "SquaredError",
    .operands = {{"prediction"}, {"target"}},
    .attributes = {"reduction"},
    .shape_rule = ScalarOfPrediction,
    .compose = Compose,
};
PLGRAPH_REGISTER_OP(kSquaredError);

}  // namespace
}  // namespace plgraph
