// Flatten: all elements as one vector.
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

Shape ShapeRule(const ShapeArgs& args) { return {CheckedShape(args, 0, "x").NumElements()}; }

Value Compose(OpBuilder& b) { return b.Reshape(b.Operand(0), {b.shape(b.Operand(0)).NumElements()}); }

const OpDef kFlatten = {
    .name = "Flatten",
    .operands = {{"x"}},
    .shape_rule = ShapeRule,
    .compose = Compose,
};
PLGRAPH_REGISTER_OP(kFlatten);

}  // namespace
}  // namespace plgraph
