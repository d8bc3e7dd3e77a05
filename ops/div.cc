// Div: q = a / b, element by element; dq/da = 1/b, dq/db = -q/b.
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/elementwise.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

Gradients Adjoint(GradBuilder& g) {
  const auto [a, b] = g.Operands<2>();
  const Value quotient = g.Div(g.OutputGradient(), b);
  return {g.SumTo(quotient, g.shape(a)), g.Neg(g.SumTo(g.Mul(quotient, g.Result()), g.shape(b)))};
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  ForEachElement<T, 2>(args, {args.operand(0), args.operand(1)}, kCheapGrain, [](T a, T b) { return a / b; });
}

const OpDef kDiv = {
    .name = "Div",
    .operands = {{"a"}, {.name = "b", .domain = Domain::kNotZero}},
    .shape_rule = BroadcastShape,
    .inplace = {0, 1},
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .rows = ElementRows,
};
PLGRAPH_REGISTER_OP(kDiv);

}  // namespace
}  // namespace plgraph
