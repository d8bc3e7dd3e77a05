// MeanSquaredError: the mean of (prediction - target)^2.
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

Value Compose(OpBuilder& b) {
  const auto [prediction, target] = b.Operands<2>();
  return b.MeanTo(b.Square(b.Sub(prediction, target)), {});
}

const OpDef kMeanSquaredError = {
    .name = "MeanSquaredError",
    .operands = {{"prediction"}, {"target"}},
    .shape_rule = ScalarOfPrediction,
    .compose = Compose,
};
PLGRAPH_REGISTER_OP(kMeanSquaredError);

}  // namespace
}  // namespace plgraph
