#include "core/arena.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace plgraph {

Arena::Arena(MemoryBudget& budget, std::int64_t bytes)
    : budget_(budget), bytes_(std::max<std::int64_t>(bytes, 64)), data_(nullptr) {
  const std::int64_t available = budget.Available();
  if (bytes_ <= available) data_ = budget.Take(bytes_);
  if (data_ == nullptr) {
    throw Error(
        ErrorKind::kRuntime,
        fmt::format("the run needs {:.1f} MB of memory but {:.1f} MB are available; take a smaller batch, "
                    "fewer steps or smaller layers",
                    static_cast<double>(bytes_) / 1e6, static_cast<double>(available) / 1e6));
  }
}

Arena::~Arena() { budget_.Release(data_, bytes_); }

}  // namespace plgraph
