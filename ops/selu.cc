// Selu: y = lambda x where x > 0, lambda alpha (exp(x) - 1) elsewhere (Klambauer et al. 2017, eq. 2); there
// dy/dx = y + lambda alpha.
#include <cmath>

#include "ops/pointwise.h"

namespace plgraph {
namespace {

struct Selu : PointwiseFunction {
  static constexpr bool kUsesResult = true;
  static constexpr std::int64_t kGrain = kCostlyGrain;
  using PointwiseFunction::PointwiseFunction;

  template <typename T>
  T Value(T x) const {
    return x > 0 ? static_cast<T>(kLambda) * x : static_cast<T>(kLambda * kAlpha) * std::expm1(x);
  }
  template <typename T>
  T Derivative(T /*x*/, T y) const {
    return y > 0 ? static_cast<T>(kLambda) : y + static_cast<T>(kLambda * kAlpha);
  }

  static constexpr double kLambda = 1.0507009873554804934193349852946;
  static constexpr double kAlpha = 1.6732632423543772848170429916717;
};
PLGRAPH_REGISTER_POINTWISE(Selu);

}  // namespace
}  // namespace plgraph
