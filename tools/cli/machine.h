#ifndef PLGRAPH_TOOLS_CLI_MACHINE_H_
#define PLGRAPH_TOOLS_CLI_MACHINE_H_

#include <algorithm>
#include <cstdint>
#include <memory>

#include "core/clock.h"
#include "core/file_system.h"
#include "core/memory_budget.h"
#include "core/print.h"
#include "core/threads.h"
#include "tools/training/services.h"

namespace plgraph {

/// The real files, clock, memory and threads, for one command.
class Machine {
 public:
  /// `threads` 0: one for each core. Says so on stderr if fewer could be started.
  explicit Machine(int threads) : pool_(Affordable(threads > 0 ? threads : AvailableCores(), memory_)) {
    const int wanted = threads > 0 ? threads : AvailableCores();
    if (pool_.size() == wanted) return;
    Print(stderr, "warning: only {} of {} threads could be started; the results are the same\n", pool_.size(),
          wanted);
  }

  FileSystem& files() { return *files_; }
  const Clock& clock() const { return clock_; }
  Services services() { return {*files_, clock_, memory_, pool_}; }

 private:
  // Threads must not take the memory that the run itself needs: they get half of it. One takes a stack of 8 MB and the
  // buffers of its matrix products.
  static int Affordable(int wanted, const SystemMemory& memory) {
    constexpr std::int64_t kOfThread = std::int64_t{17} << 20;
    return static_cast<int>(std::min<std::int64_t>(wanted, 1 + memory.Available() / 2 / kOfThread));
  }

  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
  SystemClock clock_;
  SystemMemory memory_;
  ThreadPool pool_;
};

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_CLI_MACHINE_H_
