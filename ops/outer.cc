// Outer: a_i b_j.
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"

namespace plgraph {
namespace {

Value Compose(OpBuilder& b) { return b.Outer(b.Operand(0), b.Operand(1)); }

const OpDef kOuter = {
    .name = "Outer",
    .operands = {{"a", "N"}, {"b", "M"}},
    .result = "N M",
    .compose = Compose,
};
PLGRAPH_REGISTER_OP(kOuter);

}  // namespace
}  // namespace plgraph
