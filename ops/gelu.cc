// Gelu: y = x Phi(x), Phi the normal distribution function (Hendrycks and Gimpel 2016);
// dy/dx = Phi(x) + x phi(x), phi the normal density.
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
    return x * Phi(x);
  }
  template <typename T>
  T Derivative(T x, T /*y*/) const {
    constexpr T kPeak = static_cast<T>(std::numbers::inv_sqrtpi / std::numbers::sqrt2);
    return Phi(x) + x * kPeak * std::exp(x * x / -2);
  }
  template <typename T>
  static T Phi(T x) {
    return std::erfc(-x / std::numbers::sqrt2_v<T>) / 2;
  }
};
PLGRAPH_REGISTER_POINTWISE(Gelu);

}  // namespace
}  // namespace plgraph
