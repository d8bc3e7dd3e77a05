// CrossEntropy: -sum_c t_c log softmax(logits)_c; a scalar target is the number of a class.
// WeightedLog: w l, the product of a weight and a logarithm, where 0 times minus infinity counts nothing: a class that
// is masked, or as unlikely as no float can say. dy/dl = w; dy/dw = l, or 0 where l is minus infinity.
#include <limits>

#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/elementwise.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

template <typename T>
T Finite(T logarithm) {
  return logarithm == -std::numeric_limits<T>::infinity() ? T{0} : logarithm;
}

Gradients Adjoint(GradBuilder& g) {
  const auto [weight, logarithm] = g.Operands<2>();
  const Value d = g.OutputGradient();
  return {g.Wants(0) ? g.Mul(d, g.Apply("FiniteLog", {logarithm})) : Value{}, g.Mul(d, weight)};
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  ForEachElement<T, 2>(args, {args.operand(0), args.operand(1)}, kCheapGrain,
                       [](T w, T l) { return w * (w == 0 ? Finite(l) : l); });
}

template <typename T>
void FiniteKernel(const KernelArgs<T>& args) {
  ForEachElement<T, 1>(args, {args.operand(0)}, kCheapGrain, Finite<T>);
}

Value Compose(OpBuilder& b) {
  auto [logits, target] = b.Operands<2>();
  if (b.shape(target).rank() == 0) target = b.Apply("OneHot", {target}, {b.shape(logits).dim(0)});
  const Value logarithms = b.Apply("LogSoftmax", {logits}, {std::int64_t{0}});
  return b.Neg(b.SumAll(b.Apply("WeightedLog", {target, logarithms})));
}

const OpDef kWeightedLog = {
    .name = "WeightedLog",
    .operands = {{"weight"}, {"logarithm"}},
    .shape_rule = ShapeOfOperand,
    .inplace = {0, 1},
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .rows = ElementRows,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kWeightedLog);

const OpDef kFiniteLog = {
    .name = "FiniteLog",
    .operands = {{"x"}},
    .shape_rule = ShapeOfOperand,
    .inplace = {0},
    .adjoint = NotDifferentiable,
    .kernel = PLGRAPH_KERNEL(FiniteKernel),
    .rows = ElementRows,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kFiniteLog);

const OpDef kCrossEntropy = {
    .name = "CrossEntropy",
    .operands = {{"logits", "C"}, {.name = "target", .shape = "C | ", .index_below = RowsOfFirst}},
    .result = "",
    .compose = Compose,
};
PLGRAPH_REGISTER_OP(kCrossEntropy);

}  // namespace
}  // namespace plgraph
