// Elu: y = x where x > 0, alpha (exp(x) - 1) elsewhere (Clevert et al. 2016). The sign of y does not tell that of x:
// alpha may be negative.
#include <cmath>

#include "ops/pointwise.h"

namespace plgraph {
namespace {

struct Elu : PointwiseFunction {
  static constexpr bool kUsesInput = true;
  static constexpr std::int64_t kGrain = kCostlyGrain;
  static constexpr std::array<std::string_view, 1> kAttributes{"alpha"};
  explicit Elu(std::span<const AttributeValue> attributes)
      : PointwiseFunction(attributes), alpha(std::get<double>(attributes[0])) {}

  template <typename T>
  T Value(T x) const {
    return x > 0 ? x : static_cast<T>(alpha) * std::expm1(x);
  }
  template <typename T>
  T Derivative(T x, T /*y*/) const {
    return x > 0 ? T{1} : static_cast<T>(alpha) * std::exp(x);
  }

  double alpha;
};
PLGRAPH_REGISTER_POINTWISE(Elu);

}  // namespace
}  // namespace plgraph
