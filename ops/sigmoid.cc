// Sigmoid: y = 1 / (1 + exp(-x)); dy/dx = y (1 - y). For large -x the exponential is infinite and y is 0.
#include "ops/kernels/vector_math.h"
#include "ops/pointwise.h"

namespace plgraph {
namespace {

struct Sigmoid : PointwiseFunction {
  static constexpr bool kUsesResult = true;
  static constexpr std::int64_t kGrain = kCostlyGrain;
  using PointwiseFunction::PointwiseFunction;

  template <typename T>
  T Value(T x) const {
    return 1 / (1 + FastExp(-x));
  }
  template <typename T>
  T Derivative(T /*x*/, T y) const {
    return y * (1 - y);
  }
};
PLGRAPH_REGISTER_POINTWISE(Sigmoid);

}  // namespace
}  // namespace plgraph
