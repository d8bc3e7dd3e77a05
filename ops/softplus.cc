// Softplus: y = log(1 + exp(x)), the exponential never over 1; dy/dx = 1 - exp(-y).
#include <cmath>

#include "ops/pointwise.h"

namespace plgraph {
namespace {

struct Softplus : PointwiseFunction {
  static constexpr bool kUsesResult = true;
  static constexpr std::int64_t kGrain = kCostlyGrain;
  using PointwiseFunction::PointwiseFunction;

  template <typename T>
  T Value(T x) const {
    return (x < 0 ? T{0} : x) + std::log1p(std::exp(-std::abs(x)));
  }
  template <typename T>
  T Derivative(T /*x*/, T y) const {
    return -std::expm1(-y);
  }
};
PLGRAPH_REGISTER_POINTWISE(Softplus);

}  // namespace
}  // namespace plgraph
