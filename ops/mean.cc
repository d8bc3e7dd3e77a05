// Mean: the mean of the elements along one axis, or of all elements.
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/axis.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

Value Compose(OpBuilder& b) {
  const Value x = b.Operand(0);
  if (!b.HasAttribute(0)) return b.MeanTo(x, {});
  const int axis = ResolveAxis(b.Integer(0), b.shape(x));
  std::vector<std::int64_t> dims = b.shape(x).dims();
  dims.erase(dims.begin() + axis);
  return b.Reshape(b.MeanTo(x, KeepAxis(b.shape(x), axis)), Shape(std::move(dims)));
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
