// Dot: sum a b over all elements.
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/axis.h"
#include "ops/kernels/sum_kernels.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

Shape ShapeRule(const ShapeArgs& args) {
  CheckEqualShapes(args, "a", "b");
  return {};
}

Gradients Adjoint(GradBuilder& g) {
  const auto [a, b] = g.Operands<2>();
  return {g.Mul(g.OutputGradient(), b), g.Mul(g.OutputGradient(), a)};
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const OperandInstances<T>& a = args.operand(0);
  const OperandInstances<T>& b = args.operand(1);
  const std::int64_t size = a.size();
  ForEachLine(args, {1, size, 1}, kCheapGrain, [&](std::int64_t instance, std::int64_t) {
    *args.ResultInstance(instance) = static_cast<T>(DotOf(a.Instance(instance), b.Instance(instance), size));
  });
}

std::int64_t Flops(const ShapeArgs& args, const Shape&) { return 2 * args.operand(0).NumElements(); }

RowUse UseOfRows(const ShapeArgs& args, const Shape&) {
  if (!IsMatrix(args, 0)) return {};
  return {RowUse::kSum, {true, true}};
}

const OpDef kDot = {
    .name = "Dot",
    .operands = {{"a"}, {"b"}},
    .shape_rule = ShapeRule,
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = Flops,
    .rows = UseOfRows,
};
PLGRAPH_REGISTER_OP(kDot);

}  // namespace
}  // namespace plgraph
