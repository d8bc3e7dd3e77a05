// Clamp: y = x limited to [min, max]; dy/dx = 0 where it was limited, 1 elsewhere. What is not a number stays that.
#include <fmt/format.h>

#include <algorithm>

#include "ops/pointwise.h"

namespace plgraph {
namespace {

struct Clamp : PointwiseFunction {
  static constexpr bool kUsesInput = true;
  static constexpr std::array<std::string_view, 2> kAttributes{"min", "max"};
  static void Check(std::span<const AttributeValue> attributes) {
    const Clamp clamp(attributes);
    if (clamp.min <= clamp.max) return;
    throw ShapeError(fmt::format("min is {} but max is {}; min must not be over max", clamp.min, clamp.max));
  }
  explicit Clamp(std::span<const AttributeValue> attributes)
      : PointwiseFunction(attributes),
        min(std::get<double>(attributes[0])),
        max(std::get<double>(attributes[1])) {}

  template <typename T>
  T Value(T x) const {
    return std::clamp(x, static_cast<T>(min), static_cast<T>(max));
  }
  template <typename T>
  T Derivative(T x, T /*y*/) const {
    return x < static_cast<T>(min) || x > static_cast<T>(max) ? T{0} : T{1};
  }

  double min;
  double max;
};
PLGRAPH_REGISTER_POINTWISE(Clamp);

}  // namespace
}  // namespace plgraph
