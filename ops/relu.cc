// Relu: y = max(x, 0); dy/dx = 1 where y > 0. Written so that what is not a number stays that.
#include "ops/pointwise.h"

namespace plgraph {
namespace {

struct Relu : PointwiseFunction {
  static constexpr bool kUsesResult = true;
  using PointwiseFunction::PointwiseFunction;

  template <typename T>
  T Value(T x) const {
    return x < 0 ? T{0} : x;
  }
  template <typename T>
  T Derivative(T /*x*/, T y) const {
    return y > 0 ? T{1} : T{0};
  }
};
PLGRAPH_REGISTER_POINTWISE(Relu);

}  // namespace
}  // namespace plgraph
