// Log: y = log(x); dy/dx = 1 / x.
#include <cmath>

#include "ops/pointwise.h"

namespace plgraph {
namespace {

struct Log : PointwiseFunction {
  static constexpr bool kUsesInput = true;
  static constexpr Domain kDomain = Domain::kPositive;
  static constexpr Domain kDerivativeDomain = Domain::kNotZero;
  static constexpr std::int64_t kGrain = kCostlyGrain;
  using PointwiseFunction::PointwiseFunction;

  template <typename T>
  T Value(T x) const {
    return std::log(x);
  }
  template <typename T>
  T Derivative(T x, T /*y*/) const {
    return 1 / x;
  }
};
PLGRAPH_REGISTER_POINTWISE(Log);

}  // namespace
}  // namespace plgraph
