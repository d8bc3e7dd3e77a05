#ifndef PLGRAPH_CORE_MEMORY_BUDGET_H_
#define PLGRAPH_CORE_MEMORY_BUDGET_H_

#include <cstdint>
#include <string>

namespace plgraph {

/// From where large memory is taken. An interface, so that a test can refuse any request.
class MemoryBudget {
 public:
  virtual ~MemoryBudget() = default;
  /// Bytes that may still be taken; said to the user before an attempt fails.
  virtual std::int64_t Available() const = 0;
  /// `bytes` of zeroed memory aligned to 64, or null.
  virtual void* Take(std::int64_t bytes) = 0;
  virtual void Release(void* memory, std::int64_t bytes) = 0;
};

/// The machine's memory: what is free now, or what the control group still allows, whichever is less.
class SystemMemory : public MemoryBudget {
 public:
  std::int64_t Available() const override;
  void* Take(std::int64_t bytes) override;
  void Release(void* memory, std::int64_t bytes) override;
};

/// Throws Error(kRuntime) unless so many bytes are available: `x.npy needs 3.2 MB of memory but 1.0 MB are available`,
/// and `hint` behind it.
void RequireMemory(const MemoryBudget& budget, std::int64_t bytes, const std::string& what,
                   const std::string& hint = "");

/// The hint for a run that takes too much.
inline constexpr const char* kSmallerRun = "; take a smaller batch, fewer steps or smaller layers";

}  // namespace plgraph

#endif  // PLGRAPH_CORE_MEMORY_BUDGET_H_
