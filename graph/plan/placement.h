#ifndef PLGRAPH_GRAPH_PLAN_PLACEMENT_H_
#define PLGRAPH_GRAPH_PLAN_PLACEMENT_H_

#include <algorithm>
#include <cstdint>

#include "core/checked_size.h"
#include "graph/ir/graph.h"

namespace plgraph {

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
      0;  ///< elements from slot to slot: batch x the elements of an instance, or those of a value without samples
  std::int64_t instance_stride =
      0;                      ///< elements from sample to sample; 0 for a value without sample variance
  std::int64_t interval = 0;  ///< of a recomputed state: steps from snapshot to snapshot; 0: all is a ring
  std::int64_t outer_interval =
      0;                 ///< of a recomputed state: steps from one that lasts to the next; 0: all do
  std::int64_t end = 0;  ///< of a recomputed state: the steps of a run

  /// Of a value that passes within a loop of several sample groups, whose memory others use before and after: from
  /// sample group to sample group; a slot holds the samples of one sample group. 0: a slot holds all samples.
  std::int64_t group_stride = 0;

  /// As a sample group sees it, whose first sample is `first` of the batch.
  Placement InGroup(std::int64_t group, std::int64_t first) const {
    Placement own = *this;
    if (group_stride > 0) own.offset += group * group_stride - first * instance_stride;
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

/// The slots of a node's value, of `batch` samples each, without a place in the arena.
Placement SlotsFor(const Node& node, std::int64_t slots, std::int64_t batch);

/// Elements that so many take together with the rest of their last cache line: what follows starts on a cache line.
std::int64_t WholeCacheLines(CheckedSize elements);

/// Elements that all slots of a value take.
std::int64_t SizeOf(const Placement& placement);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PLAN_PLACEMENT_H_
