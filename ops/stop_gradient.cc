// StopGradient: x, through which no gradient flows.
#include "graph/ir/op_registry.h"
#include "ops/elementwise.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  ForEachElement<T, 1>(args, {args.operand(0)}, kCheapGrain, [](T x) { return x; });
}

const OpDef kStopGradient = {
    .name = "StopGradient",
    .operands = {{"x"}},
    .shape_rule = ShapeOfOperand,
    .inplace = {0},
    .adjoint = NotDifferentiable,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = NoFlops,
};
PLGRAPH_REGISTER_OP(kStopGradient);

}  // namespace
}  // namespace plgraph
