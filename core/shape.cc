#include "core/shape.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/checked_size.h"

namespace plgraph {

std::int64_t Shape::NumElements() const {
  CheckedSize count = 1;
  for (const std::int64_t dim : dims_) count *= dim;
  return count.value();
}

std::string Shape::ToString() const { return fmt::format("[{}]", fmt::join(dims_, ", ")); }

}  // namespace plgraph
