#ifndef PLGRAPH_CORE_CHECKED_SIZE_H_
#define PLGRAPH_CORE_CHECKED_SIZE_H_

#include <cstdint>

namespace plgraph {

/// A count of elements or bytes. Sums and products that overflow throw Error(kInvalid) with both factors,
/// so that a shape too large is a message and never a small allocation. Never negative.
class CheckedSize {
 public:
  constexpr CheckedSize() = default;
  /// Throws Error(kInvalid) for a negative value.
  CheckedSize(std::int64_t value);  // NOLINT(google-explicit-constructor): sizes mix with integers

  std::int64_t value() const { return value_; }
  friend CheckedSize operator*(CheckedSize a, CheckedSize b);
  friend CheckedSize operator+(CheckedSize a, CheckedSize b);
  CheckedSize& operator*=(CheckedSize other) { return *this = *this * other; }
  CheckedSize& operator+=(CheckedSize other) { return *this = *this + other; }

 private:
  std::int64_t value_ = 0;
};

}  // namespace plgraph

#endif  // PLGRAPH_CORE_CHECKED_SIZE_H_
