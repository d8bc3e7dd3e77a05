#ifndef PLGRAPH_GRAPH_PLAN_MEMORY_PLAN_H_
#define PLGRAPH_GRAPH_PLAN_MEMORY_PLAN_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "graph/ir/compile_options.h"
#include "graph/ir/graph.h"
#include "graph/ir/node_map.h"
#include "graph/plan/loop_plan.h"
#include "graph/plan/placement.h"
#include "graph/plan/schedule.h"

namespace plgraph {

/// What a piece of the arena is for.
enum class Section { kParameters, kGradients, kOptimizer, kInputs, kStates, kSaved, kScratch };
constexpr int kSectionCount = 7;
std::string_view NameOf(Section section);

/// The one arena of a run. All counts are in elements of the run's number type.
struct MemoryPlan {
  NodeMap<Placement> placements;     ///< by node
  NodeMap<std::int64_t> row_sums;    ///< by node; offsets of the sums of the parts of a fused loop
  NodeMap<std::int64_t> group_sums;  ///< by node; offsets of the sums of all sample groups but the first
  NodeMap<std::int64_t> totals;      ///< by node; offsets of the totals of sums over many steps
  NodeMap<std::int64_t>
      totals_stride;  ///< by node; elements from the totals of a sample group to those of the next
  std::vector<std::int64_t> gradient_sums;           ///< by Graph::gradients; offsets, only with accumulate
  std::vector<std::vector<std::int64_t>> optimizer;  ///< by Graph::gradients, then slot; offsets
  NodeMap<std::int64_t>
      asides;  ///< by node; offsets of the copies of CheckpointIntervals::IsReadPipelined; -1: none
  std::int64_t interval =
      0;  ///< steps that are recomputed at a time (Node::recomputed); 0: nothing is recomputed
  std::int64_t outer_interval =
      0;                  ///< steps that are recomputed for the snapshots within them; 0: all snapshots last
  std::int64_t size = 0;  ///< of the whole arena
  std::int64_t section_sizes[kSectionCount] = {};

  std::int64_t section(Section s) const { return section_sizes[static_cast<int>(s)]; }
  bool IsPlaced(Value value) const { return placements[value].offset >= 0; }
  /// Makes the arena larger by so many elements, and gives their offset.
  std::int64_t Append(std::int64_t elements, Section section);
};

/// Lays out the arena from the order of the nodes. Throws Error(kInvalid) when its size overflows.
MemoryPlan PlanMemory(const Graph& graph, const Schedule& schedule, const LoopPlans& loops,
                      const CompileOptions& options);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PLAN_MEMORY_PLAN_H_
