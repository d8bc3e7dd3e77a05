#ifndef PLGRAPH_GRAPH_PLAN_MEMORY_PLAN_H_
#define PLGRAPH_GRAPH_PLAN_MEMORY_PLAN_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "graph/ir/compile_options.h"
#include "graph/ir/graph.h"
#include "graph/ir/node_map.h"
#include "graph/plan/loop_plan.h"
#include "graph/plan/schedule.h"

namespace plgraph {

/// What a piece of the arena is for.
enum class Section { kParameters, kGradients, kOptimizer, kInputs, kStates, kSaved, kScratch };
constexpr int kSectionCount = 7;
std::string_view NameOf(Section section);

/// Where a value lives: a ring of slots, one slot for all samples of one step. The value at step t is in slot
/// (t + shift) mod slots. A value without step variance has one slot; one that is kept for all steps has as
/// many as there are steps; a state and its `next` share a ring, one slot apart. Of a state that is recomputed
/// the first slots hold snapshots, of every `interval`th step from step 0 on and of what it is after the last
/// step, and the other slots are a ring of the steps between them. In a run of several outer intervals those of the
/// first step of each last; the other snapshots share their slots with those of other outer intervals.
struct Placement {
  std::int64_t offset =
      -1;  ///< of slot 0, in elements from the start of the arena; -1: the value is not stored
  std::int64_t slots = 1;
  std::int64_t shift = 0;
  std::int64_t slot_stride =
      0;  ///< elements from slot to slot: batch x row, or the row of a value without samples
  std::int64_t row_stride = 0;  ///< elements from sample to sample; 0 for a value without sample variance
  std::int64_t interval = 0;    ///< of a recomputed state: steps from snapshot to snapshot; 0: all is a ring
  std::int64_t outer_interval =
      0;                 ///< of a recomputed state: steps from one that lasts to the next; 0: all do
  std::int64_t end = 0;  ///< of a recomputed state: the steps of a run

  /// Of a value that passes within a loop of several sample groups, whose memory others use before and after: from
  /// sample group to sample group; a slot holds the samples of one sample group. 0: a slot holds all samples.
  std::int64_t group_stride = 0;

  /// As a sample group sees it, whose first sample is `first` of the batch.
  Placement InGroup(std::int64_t group, std::int64_t first) const {
    Placement own = *this;
    if (group_stride > 0) own.offset += group * group_stride - first * row_stride;
    return own;
  }
  /// Whether what it is at a step is there until the end of the run.
  bool Lasts(std::int64_t step) const {
    return interval > 0 && ((step + shift) % lasting_every() == 0 || step + shift == end);
  }
  /// Whether all steps have slots, one behind the other.
  bool HoldsSteps(std::int64_t steps) const { return interval == 0 && slots >= steps; }
  std::int64_t snapshots() const {
    if (interval == 0) return 0;
    return (end + lasting_every() - 1) / lasting_every() + 1 +
           std::max<std::int64_t>(outer_interval / interval - 1, 0);
  }
  std::int64_t SlotAt(std::int64_t step) const {
    const std::int64_t at = step + shift;
    // A division costs as much as a small kernel.
    if (interval == 0) return at < slots ? at : slots == 1 ? 0 : at % slots;
    if (Lasts(step)) return (at + lasting_every() - 1) / lasting_every();
    if (at % interval == 0) return snapshots() - at % outer_interval / interval;
    const std::int64_t between = at - at / interval - 1;  // the steps before it without a snapshot
    return snapshots() + between % (slots - snapshots());
  }
  std::int64_t AtStep(std::int64_t step) const { return offset + SlotAt(step) * slot_stride; }

 private:
  std::int64_t lasting_every() const { return outer_interval > 0 ? outer_interval : interval; }
};

/// The one arena of a run. All counts are in elements of the run's number type.
struct MemoryPlan {
  NodeMap<Placement> placements;     ///< by node
  NodeMap<std::int64_t> line_sums;   ///< by node; offsets of the sums of the parts of a fused loop
  NodeMap<std::int64_t> group_sums;  ///< by node; offsets of the sums of all sample groups but the first
  NodeMap<std::int64_t> totals;      ///< by node; offsets of the totals of sums over many steps
  NodeMap<std::int64_t>
      totals_stride;  ///< by node; elements from the totals of a sample group to those of the next
  std::vector<std::int64_t> gradient_sums;           ///< by Graph::gradients; offsets, only with accumulate
  std::vector<std::vector<std::int64_t>> optimizer;  ///< by Graph::gradients, then slot; offsets
  NodeMap<std::int64_t> asides;  ///< by node; offsets of the copies of Segments::IsReadLate; -1: none
  std::int64_t interval =
      0;  ///< steps that are recomputed at a time (Node::recomputed); 0: nothing is recomputed
  std::int64_t outer_interval =
      0;                  ///< steps that are recomputed for the snapshots within them; 0: all snapshots last
  std::int64_t size = 0;  ///< of the whole arena
  std::int64_t section_sizes[kSectionCount] = {};

  std::int64_t section(Section s) const { return section_sizes[static_cast<int>(s)]; }
};

/// From the sum of a sample group, or its totals, to that of the next one, in elements; `size` is that of one.
std::int64_t GroupSumStride(std::int64_t size);

/// Lays out the arena from the order of the nodes. Throws Error(kInvalid) when its size overflows.
MemoryPlan PlanMemory(const Graph& graph, const Schedule& schedule, const LoopPlans& loops,
                      const CompileOptions& options);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PLAN_MEMORY_PLAN_H_
