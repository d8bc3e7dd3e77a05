// Sqrt: y = sqrt(x); dy/dx = 1 / (2 y).
#include <cmath>

#include "ops/pointwise.h"

namespace plgraph {
namespace {

struct Sqrt : PointwiseFunction {
  static constexpr bool kUsesResult = true;
  static constexpr Domain kDomain = Domain::kNotNegative;
  static constexpr Domain kDerivativeDomain = Domain::kNotZero;
  using PointwiseFunction::PointwiseFunction;

  template <typename T>
  T Value(T x) const {
    return std::sqrt(x);
  }
  template <typename T>
  T Derivative(T /*x*/, T y) const {
    return 1 / (2 * y);
  }
};
PLGRAPH_REGISTER_POINTWISE(Sqrt);

}  // namespace
}  // namespace plgraph
