// Abs: y = |x|; dy/dx is the sign of x, 0 at 0.
#include <cmath>

#include "ops/pointwise.h"

namespace plgraph {
namespace {

struct Abs : PointwiseFunction {
  static constexpr bool kUsesInput = true;
  using PointwiseFunction::PointwiseFunction;

  template <typename T>
  T Value(T x) const {
    return std::abs(x);
  }
  template <typename T>
  T Derivative(T x, T /*y*/) const {
    return x > 0 ? T{1} : x < 0 ? T{-1} : T{0};
  }
};
PLGRAPH_REGISTER_POINTWISE(Abs);

}  // namespace
}  // namespace plgraph
