// Silu: y = x sigmoid(x), also called swish (Elfwing et al. 2018, eq. 10);
// dy/dx = s (1 + x (1 - s)) with s = sigmoid(x) (their eq. 11). Far from 0, where s is 0 or 1, x is limited: infinity times
// 0 is not a number.
#include <algorithm>

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
    const T limited = std::max(x, T{-kFar});
    return limited / (1 + FastExp(-limited));
  }
  template <typename T>
  T Derivative(T x, T /*y*/) const {
    const T s = 1 / (1 + FastExp(-x));
    return s * (1 + std::clamp(x, T{-kFar}, T{kFar}) * (1 - s));
  }

  static constexpr int kFar = 1000;
};
PLGRAPH_REGISTER_POINTWISE(Silu);

}  // namespace
}  // namespace plgraph
