// LeakyRelu: y = x where x > 0, slope x elsewhere. The sign of y does not tell that of x: the slope may be negative.
#include "ops/pointwise.h"

namespace plgraph {
namespace {

struct LeakyRelu : PointwiseFunction {
  static constexpr bool kUsesInput = true;
  static constexpr std::array<std::string_view, 1> kAttributes{"slope"};
  explicit LeakyRelu(std::span<const AttributeValue> attributes)
      : PointwiseFunction(attributes), slope(std::get<double>(attributes[0])) {}

  template <typename T>
  T Value(T x) const {
    return x > 0 ? x : static_cast<T>(slope) * x;
  }
  template <typename T>
  T Derivative(T x, T /*y*/) const {
    return x > 0 ? T{1} : static_cast<T>(slope);
  }

  double slope;
};
PLGRAPH_REGISTER_POINTWISE(LeakyRelu);

}  // namespace
}  // namespace plgraph
