#include "tools/training/not_finite.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

namespace plgraph {
namespace {

constexpr std::uint32_t kExponent = 0x7f800000;
constexpr std::uint32_t kLowestExponentBit = 0x00800000;

// A full exponent, which only NaN and infinity have, carries into the sign. No branch: this is vector code.
bool AllFinite(std::span<const float> values) {
  std::uint32_t carries = 0;
  for (const float value : values)
    carries |= (std::bit_cast<std::uint32_t>(value) & kExponent) + kLowestExponentBit;
  return (carries >> 31) == 0;
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
