#ifndef PLGRAPH_CORE_ARENA_H_
#define PLGRAPH_CORE_ARENA_H_

#include <cstdint>

#include "core/memory_budget.h"

namespace plgraph {

/// One block of zeroed memory, aligned to 64 bytes, given back when the arena goes.
class Arena {
 public:
  /// Throws Error(kRuntime), with the bytes wanted and those available, when the budget refuses.
  Arena(MemoryBudget& budget, std::int64_t bytes);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* data() const { return data_; }

 private:
  MemoryBudget& budget_;
  std::int64_t bytes_;
  void* data_;
};

}  // namespace plgraph

#endif  // PLGRAPH_CORE_ARENA_H_
