// Mul: a b, element by element.
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/elementwise.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

// The gradient of the factor that has `shape`; for a scalar without a matrix in between.
Value OfFactor(GradBuilder& g, Value other, const Shape& shape) {
  const Value d = g.OutputGradient();
  if (shape.rank() == 0 && g.shape(other) == g.shape(d)) return g.Dot(d, other);
  return g.SumTo(g.Mul(d, other), shape);
}

Gradients Adjoint(GradBuilder& g) {
  const auto [a, b] = g.Operands<2>();
  return {OfFactor(g, b, g.shape(a)), OfFactor(g, a, g.shape(b))};
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  ForEachElement<T, 2>(args, {args.operand(0), args.operand(1)}, kCheapGrain, [](T a, T b) { return a * b; });
}

const OpDef kMul = {
    .name = "Mul",
    .operands = {{"a"}, {"b"}},
    .shape_rule = BroadcastShape,
    .inplace = {0, 1},
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .rows = ElementRows,
};
PLGRAPH_REGISTER_OP(kMul);

}  // namespace
}  // namespace plgraph
