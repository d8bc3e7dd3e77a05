// Sign: -1, 0 or 1. What is not a number stays that.
#include "graph/ir/op_registry.h"
#include "ops/elementwise.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  ForEachElement<T, 1>(args, {args.operand(0)}, kCheapGrain, [](T x) {
    return x > 0 ? T{1} : x < 0 ? T{-1} : x;
  });
}

const OpDef kSign = {
    .name = "Sign",
    .operands = {{"x"}},
    .shape_rule = ShapeOfOperand,
    .inplace = {0},
    .adjoint = NotDifferentiable,
    .kernel = PLGRAPH_KERNEL(Kernel),
};
PLGRAPH_REGISTER_OP(kSign);

}  // namespace
}  // namespace plgraph
