// BinaryCrossEntropy: the sum or the mean of -(t log p + (1 - t) log(1 - p)).
// With p = sigmoid(x) that is softplus(x) - t x, which does not overflow.
// LimitedLog: the logarithm, not under -100; its derivative, 1 / x, is zero where it was limited and finite elsewhere.
#include <algorithm>
#include <cmath>
#include <limits>

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

Value Compose(OpBuilder& b) {
  const auto [x, t] = b.Operands<2>();
  if (b.Integer(0) == kLogits) return Reduce(b, b.Sub(b.Apply("Softplus", {x}), b.Mul(t, x)), 1);
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
