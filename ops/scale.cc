// Scale: factor x + offset, with constants.
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/elementwise.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

Gradients Adjoint(GradBuilder& g) { return {g.Scale(g.OutputGradient(), g.Real(0))}; }

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const T factor = static_cast<T>(args.Real(0));
  const T offset = static_cast<T>(args.Real(1));
  ForEachElement<T, 1>(args, {args.operand(0)}, kCheapGrain, [=](T x) { return factor * x + offset; });
}

const OpDef kScale = {
    .name = "Scale",
    .operands = {{"x"}},
    .attributes = {"factor", "offset"},
    .shape_rule = ShapeOfOperand,
    .inplace = {0},
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
};
PLGRAPH_REGISTER_OP(kScale);

}  // namespace
}  // namespace plgraph
