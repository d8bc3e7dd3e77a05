// Silu: y = x sigmoid(x), also called swish (Elfwing et al. 2018, eq. 10);
// dy/dx = s (1 + x (1 - s)) with s = sigmoid(x) (their eq. 11).
#include "ops/kernels/vector_math.h"
#include "ops/pointwise.h"

namespace plgraph {
namespace {

struct Silu : PointwiseFunction {
  static constexpr bool kUsesInput = true;
  static constexpr std::int64_t kGrain = kCostlyGrain;
  using PointwiseFunction::PointwiseFunction;

  template <typename T>
  T Value(T x) const {
    return x / (1 + FastExp(-x));
  }
  template <typename T>
  T Derivative(T x, T /*y*/) const {
    const T s = 1 / (1 + FastExp(-x));
    return s * (1 + x * (1 - s));
  }
};
PLGRAPH_REGISTER_POINTWISE(Silu);

}  // namespace
}  // namespace plgraph
