#ifndef PLGRAPH_TOOLS_TRAINING_SERVICES_H_
#define PLGRAPH_TOOLS_TRAINING_SERVICES_H_

#include "core/clock.h"
#include "core/file_system.h"
#include "core/memory_budget.h"
#include "core/threads.h"

namespace plgraph {

/// The machine as training sees it: whatever a test may want to replace. Owns nothing.
struct Services {
  FileSystem& files;
  const Clock& clock;
  MemoryBudget& memory;
  ThreadPool& threads;
};

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_SERVICES_H_
