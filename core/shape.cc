#include "core/shape.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/checked_size.h"

namespace plgraph {

Shape::Shape(std::vector<std::int64_t> dims) : dims_(std::move(dims)) {
  for (const std::int64_t dim : dims_) {
    if (num_elements_ < 0 || dim < 0 || __builtin_mul_overflow(num_elements_, dim, &num_elements_))
      num_elements_ = -1;
  }
}

std::int64_t Shape::CheckedNumElements() const {
  CheckedSize count = 1;
  for (const std::int64_t dim : dims_) count *= dim;
  return count.value();
}

std::string Shape::ToString() const { return fmt::format("[{}]", fmt::join(dims_, ", ")); }

}  // namespace plgraph
