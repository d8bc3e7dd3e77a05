// Exp: y = exp(x); dy/dx = y.
#include "ops/kernels/vector_math.h"
#include "ops/pointwise.h"

namespace plgraph {
namespace {

struct Exp : PointwiseFunction {
  static constexpr bool kUsesResult = true;
  static constexpr std::int64_t kGrain = kCostlyGrain;
  using PointwiseFunction::PointwiseFunction;

  template <typename T>
  T Value(T x) const {
    return FastExp(x);
  }
  template <typename T>
  T Derivative(T /*x*/, T y) const {
    return y;
  }
};
PLGRAPH_REGISTER_POINTWISE(Exp);

}  // namespace
}  // namespace plgraph
