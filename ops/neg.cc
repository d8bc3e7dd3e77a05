// Neg: -x.
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

const OpDef kNeg = {
    .name = "Neg",
    .operands = {{"x"}},
    .shape_rule = ShapeOfOperand,
    .compose = [](OpBuilder& b) { return b.Neg(b.Operand(0)); },
};
PLGRAPH_REGISTER_OP(kNeg);

}  // namespace
}  // namespace plgraph
