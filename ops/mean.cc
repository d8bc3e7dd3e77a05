// Mean: the mean of the elements along one axis, or of all elements.
#include "graph/node_builder.h"
#include "graph/op_registry.h"
#include "ops/axis.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

Value Compose(OpBuilder& b) {
  const Value x = b.Operand(0);
  const std::int64_t count = ViewAround(b.shape(x), b.attributes()[0]).size;
  return b.Scale(b.Apply("Sum", {x}, b.attributes()), 1 / static_cast<double>(count));
}

const OpDef kMean = {
    .name = "Mean",
    .operands = {{"x"}},
    .attributes = {"axis"},
    .shape_rule = WithoutAxis,
    .compose = Compose,
};
PLGRAPH_REGISTER_OP(kMean);

}  // namespace
}  // namespace plgraph
