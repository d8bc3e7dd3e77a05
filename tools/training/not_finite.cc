#include "tools/training/not_finite.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <vector>

namespace plgraph {
namespace {

bool AllFinite(std::span<const float> values) {
  FiniteCheck<float> check;
  for (const float value : values) check.See(value);
  return check.AllFinite();
}

}  // namespace

bool AllFinite(std::span<const float> values, ThreadPool& threads) {
  std::atomic<bool> finite = true;
  threads.For(std::ssize(values), 65536, 16, [&](std::int64_t begin, std::int64_t end) {
    if (!AllFinite(values.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin))))
      finite = false;
  });
  return finite;
}

std::optional<size_t> FirstNotFinite(std::span<const float> values) {
  const auto found = std::find_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
  if (found == values.end()) return std::nullopt;
  return static_cast<size_t>(found - values.begin());
}

std::string PlaceText(const Shape& shape, size_t element) {
  std::vector<size_t> place(shape.dims().size());
  for (size_t axis = place.size(); axis-- > 0;) {
    const auto extent = static_cast<size_t>(shape.dims()[axis]);
    place[axis] = element % extent;
    element /= extent;
  }
  return fmt::format("[{}]", fmt::join(place, ", "));
}

std::string ElementText(const Shape& shape, size_t element, float value) {
  const std::string number = std::isnan(value) ? "nan" : fmt::format("{:.6g}", value);  // no sign of a NaN
  return shape.rank() == 0 ? number : fmt::format("{} at {}", number, PlaceText(shape, element));
}

}  // namespace plgraph
