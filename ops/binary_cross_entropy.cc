// BinaryCrossEntropy: the sum or the mean of -(t log p + (1 - t) log(1 - p)).
// LogisticLoss: the same of one element with p = sigmoid(x), as |x| w + log(1 + exp(-|x|)) with w = 1 - t where x > 0
// and w = t elsewhere: max(x, 0) - x t + log(1 + exp(-|x|)), of which the large parts cancel before they are rounded.
// dL/dx = sigmoid(x) - t, dL/dt = -x. LimitedLog: the logarithm, not under -100; its derivative, 1 / x, is zero where
// it was limited and finite elsewhere.
#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/kernels/vector_math.h"
#include "ops/pointwise.h"
#include "ops/reduced_loss.h"

namespace plgraph {
namespace {

enum Form : std::int64_t { kLogits, kProbabilities };

struct LimitedLog : PointwiseFunction {
  static constexpr bool kInternal = true;
  static constexpr bool kUsesInput = true;
  static constexpr bool kUsesResult = true;
  static constexpr std::int64_t kGrain = kCostlyGrain;
  using PointwiseFunction::PointwiseFunction;

  template <typename T>
  T Value(T x) const {
    return std::max(std::log(x), T{-100});
  }
  template <typename T>
  T Derivative(T x, T y) const {
    return y == -100 ? T{0} : 1 / std::max(x, std::numeric_limits<T>::min());
  }
};
PLGRAPH_REGISTER_POINTWISE(LimitedLog);

Gradients LogisticAdjoint(GradBuilder& g) {
  const auto [x, t] = g.Operands<2>();
  const Value d = g.OutputGradient();
  return {g.Apply("LogisticLossGradient", {d, x, t}), g.Neg(g.Mul(d, x))};
}

// What a certain target makes of an infinite logit counts nothing.
template <typename T>
T Logistic(T x, T t) {
  const T weight = x > 0 ? 1 - t : t;
  const T size = std::abs(x);
  return (weight == 0 ? T{0} : size * weight) + std::log1p(std::exp(-size));
}

// sigmoid(x) - t: where x > 0, 1 - t and 1 - sigmoid(x) are both small.
template <typename T>
T LogisticDerivative(T x, T t) {
  const T small = 1 / (1 + FastExp(std::abs(x)));
  return x > 0 ? (1 - t) - small : small - t;
}

template <typename T>
void LogisticKernel(const KernelArgs<T>& args) {
  ForEachElement<T, 2>(args, {args.operand(0), args.operand(1)}, kCostlyGrain, Logistic<T>);
}

template <typename T>
void LogisticGradientKernel(const KernelArgs<T>& args) {
  ForEachElement<T, 3>(args, {args.operand(0), args.operand(1), args.operand(2)}, kCostlyGrain,
                       [](T d, T x, T t) { return d * LogisticDerivative(x, t); });
}

const OpDef kLogisticLoss = {
    .name = "LogisticLoss",
    .operands = {{"x"}, {"target"}},
    .shape_rule = ShapeOfOperand,
    .inplace = {0, 1},
    .adjoint = LogisticAdjoint,
    .kernel = PLGRAPH_KERNEL(LogisticKernel),
    .rows = ElementRows,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kLogisticLoss);

const OpDef kLogisticLossGradient = {
    .name = "LogisticLossGradient",
    .operands = {{"d"}, {"x"}, {"target"}},
    .shape_rule = ShapeOfOperand,
    .inplace = {0, 1, 2},
    .adjoint = NotDifferentiable,
    .kernel = PLGRAPH_KERNEL(LogisticGradientKernel),
    .rows = ElementRows,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kLogisticLossGradient);

Value Compose(OpBuilder& b) {
  const auto [x, t] = b.Operands<2>();
  if (b.Integer(0) == kLogits) return Reduce(b, b.Apply("LogisticLoss", {x, t}), 1);
  const Value of_ones = b.Mul(t, b.Apply("LimitedLog", {x}));
  const Value of_zeros = b.Mul(b.OneMinus(t), b.Apply("LimitedLog", {b.OneMinus(x)}));
  return Reduce(b, b.Neg(b.Add(of_ones, of_zeros)), 1);
}

const OpDef kBinaryCrossEntropy = {
    .name = "BinaryCrossEntropy",
    .operands = {{"prediction"}, {"target"}},
    .attributes = {"form", "reduction"},
    .shape_rule = ScalarOfPrediction,
    .compose = Compose,
};
PLGRAPH_REGISTER_OP(kBinaryCrossEntropy);

}  // namespace
}  // namespace plgraph
