#include "core/arena.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace plgraph {

Arena::Arena(MemoryBudget& budget, std::int64_t bytes)
    : budget_(budget), bytes_(std::max<std::int64_t>(bytes, 64)), data_(nullptr) {
  RequireMemory(budget, bytes_, "the run", kSmallerRun);
  data_ = budget.Take(bytes_);
  if (data_ != nullptr) return;
  throw Error(ErrorKind::kRuntime, fmt::format("the system refuses {:.1f} MB of memory{}",
                                               static_cast<double>(bytes_) / 1e6, kSmallerRun));
}

Arena::~Arena() { budget_.Release(data_, bytes_); }

}  // namespace plgraph
