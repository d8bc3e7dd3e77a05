#include "core/checked_size.h"

#include <fmt/format.h>

#include "core/error.h"

namespace plgraph {

CheckedSize::CheckedSize(std::int64_t value) : value_(value) {
  if (value < 0) throw Error(ErrorKind::kInvalid, fmt::format("a size is negative: {}", value));
}

CheckedSize operator*(CheckedSize a, CheckedSize b) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a.value_, b.value_, &product)) {
    throw Error(ErrorKind::kInvalid, fmt::format("a size overflows: {} x {}", a.value_, b.value_));
  }
  return product;
}

CheckedSize operator+(CheckedSize a, CheckedSize b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a.value_, b.value_, &sum)) {
    throw Error(ErrorKind::kInvalid, fmt::format("a size overflows: {} + {}", a.value_, b.value_));
  }
  return sum;
}

}  // namespace plgraph
