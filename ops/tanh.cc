// Tanh: y = tanh(x); dy/dx = 1 - y^2.
#include "ops/kernels/vector_math.h"
#include "ops/pointwise.h"

namespace plgraph {
namespace {

struct Tanh : PointwiseFunction {
  static constexpr bool kUsesResult = true;
  static constexpr std::int64_t kGrain = kCostlyGrain;
  using PointwiseFunction::PointwiseFunction;

  template <typename T>
  T Value(T x) const {
    return FastTanh(x);
  }
  template <typename T>
  T Derivative(T /*x*/, T y) const {
    return 1 - y * y;
  }
};
PLGRAPH_REGISTER_POINTWISE(Tanh);

}  // namespace
}  // namespace plgraph
