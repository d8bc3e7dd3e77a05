// Gelu: y = x Phi(x), Phi the normal distribution function (Hendrycks and Gimpel 2016);
// dy/dx = Phi(x) + x phi(x), phi the normal density. Far from 0, where Phi or phi is 0, x is limited: infinity times 0 is
// not a number.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "ops/pointwise.h"

namespace plgraph {
namespace {

struct Gelu : PointwiseFunction {
  static constexpr bool kUsesInput = true;
  static constexpr std::int64_t kGrain = kCostlyGrain;
  using PointwiseFunction::PointwiseFunction;

  template <typename T>
  T Value(T x) const {
    const T limited = std::max(x, T{-kFar});
    return limited * Phi(limited);
  }
  template <typename T>
  T Derivative(T x, T /*y*/) const {
    constexpr T kPeak = static_cast<T>(std::numbers::inv_sqrtpi / std::numbers::sqrt2);
    const T limited = std::clamp(x, T{-kFar}, T{kFar});
    return Phi(x) + limited * kPeak * std::exp(limited * limited / -2);
  }
  template <typename T>
  static T Phi(T x) {
    return std::erfc(-x / std::numbers::sqrt2_v<T>) / 2;
  }

  static constexpr int kFar = 50;
};
PLGRAPH_REGISTER_POINTWISE(Gelu);

}  // namespace
}  // namespace plgraph
