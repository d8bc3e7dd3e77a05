#ifndef PLGRAPH_GRAPH_PLAN_LOOP_PLAN_H_
#define PLGRAPH_GRAPH_PLAN_LOOP_PLAN_H_

#include <cstdint>
#include <span>
#include <vector>

#include "graph/ir/compile_options.h"
#include "graph/ir/graph.h"
#include "graph/plan/fusion.h"
#include "graph/plan/schedule.h"

namespace plgraph {

/// How the batch goes through a loop: in sample groups, each some samples at a time through all steps.
struct LoopSplit {
  std::int64_t groups = 1;
  std::int64_t samples = 1;  ///< at once in a sample group
};

/// How a fused loop goes over the rows of its matrices: tile by tile, all samples and all members on one tile, so
/// that a tile's numbers come from memory once. Parts of consecutive tiles are shared among the threads; how
/// many parts there are does not depend on the number of threads, so that every sum has one order.
struct LoopTiling {
  std::int64_t rows = 0;
  std::int64_t tile_rows = 0;  ///< of each tile but the last
  std::int64_t tiles = 0;
  std::int64_t parts = 0;
};

/// Consecutive members of a fused loop that one kernel does.
struct KernelCall {
  size_t first = 0;  ///< among the members
  size_t count = 1;
  const Fusion* fusion = nullptr;  ///< null: the kernel of the one member
};

/// One fused loop of a loop.
struct FusedLoopPlan {
  size_t first = 0;  ///< the scheduled node of its first member, in the loop
  size_t count = 0;  ///< of members
  LoopTiling tiling;
  std::vector<KernelCall> calls;
  /// By member: elements that its row sums take in a sample group (MemoryPlan::row_sums): for each part, one sum for
  /// each sample and one for the tile at hand, each on cache lines of its own. 0: the result itself will do.
  std::vector<std::int64_t> row_sum_elements;
};

/// All that is decided of a loop beside the order of its nodes.
struct LoopPlan {
  LoopSplit split;
  std::vector<FusedLoopPlan> fused_loops;
};

/// Of both loops.
struct LoopPlans {
  LoopPlan forward;
  LoopPlan backward;

  const LoopPlan& of(Phase loop) const { return loop == Phase::kStep ? forward : backward; }
};

/// Samples whose matrices fit the cache of a core go through all steps together, in sample groups that need nothing
/// of each other. Where the matrices are larger, the threads share the rows of the matrices, and as many samples
/// go through all steps together as fit the cache that the cores share; all, so that they share the reads of what
/// has no samples, where not even one would fit.
LoopSplit SplitLoop(const Graph& graph, std::span<const ScheduledNode> loop, const CompileOptions& options);

/// `members`: the scheduled nodes of one fused loop; `calls`: of their kernels.
LoopTiling TileLoop(const Graph& graph, std::span<const ScheduledNode> members,
                    std::span<const KernelCall> calls, const LoopSplit& split, DType dtype);

/// The kernels that do the members of a fused loop.
std::vector<KernelCall> KernelCallsOf(const Graph& graph, std::span<const ScheduledNode> members);

/// Plans one loop of a schedule.
LoopPlan PlanLoop(const Graph& graph, std::span<const ScheduledNode> loop, const CompileOptions& options);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PLAN_LOOP_PLAN_H_
