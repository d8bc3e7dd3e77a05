// GlobalAvgPool: the mean of each channel of an image.
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/window.h"

namespace plgraph {
namespace {

Shape ShapeRule(const ShapeArgs& args) { return {CheckedImage(args).dim(0)}; }

Value Compose(OpBuilder& b) {
  const Shape x = b.shape(b.Operand(0));
  const Value channels = b.Reshape(b.Operand(0), {x.dim(0), x.dim(1) * x.dim(2)});
  return b.Reshape(b.MeanTo(channels, {x.dim(0), 1}), {x.dim(0)});
}

const OpDef kGlobalAvgPool = {
    .name = "GlobalAvgPool",
    .operands = {{"x"}},
    .shape_rule = ShapeRule,
    .compose = Compose,
};
PLGRAPH_REGISTER_OP(kGlobalAvgPool);

}  // namespace
}  // namespace plgraph
