// Square: y = x^2; dy/dx = 2 x.
#include "ops/pointwise.h"

namespace plgraph {
namespace {

struct Square : PointwiseFunction {
  static constexpr bool kUsesInput = true;
  using PointwiseFunction::PointwiseFunction;

  template <typename T>
  T Value(T x) const {
    return x * x;
  }
  template <typename T>
  T Derivative(T x, T /*y*/) const {
    return 2 * x;
  }
};
PLGRAPH_REGISTER_POINTWISE(Square);

}  // namespace
}  // namespace plgraph
