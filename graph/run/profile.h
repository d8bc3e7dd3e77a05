#ifndef PLGRAPH_GRAPH_RUN_PROFILE_H_
#define PLGRAPH_GRAPH_RUN_PROFILE_H_

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/clock.h"
#include "graph/plan/schedule.h"

namespace plgraph {

/// What one node did.
struct NodeProfile {
  /// Of all sample groups of a loop, over how many of them run at the same time. The members of a fused loop run as
  /// one: that of the whole fused loop, at the first of them.
  TimeSpent spent;
  std::int64_t calls = 0;      ///< of its kernel; of a member of a fused loop: the rounds for which it ran
  std::int64_t instances = 0;  ///< in all calls; an instance is one sample at one step

  NodeProfile& operator+=(const NodeProfile& other);
};

/// Where the time of an executor's runs goes, added up until it is cleared (Executor::SetProfile).
class Profile {
 public:
  /// A clock at every node makes small ones slower: for the time of a phase count the phases only.
  enum class Detail { kPhases, kNodes };

  /// For an executor of this schedule; takes all its memory.
  Profile(const Clock& clock, const Schedule& schedule, Detail detail);

  void Clear();

  const TimeSpent& phase(Phase phase) const { return phases_[static_cast<size_t>(phase)]; }
  TimeSpent& phase(Phase phase) { return phases_[static_cast<size_t>(phase)]; }
  /// In the order of the schedule's scheduled nodes; none without kNodes.
  std::span<const NodeProfile> nodes(Phase phase) const { return nodes_[static_cast<size_t>(phase)]; }
  std::span<NodeProfile> nodes(Phase phase) { return nodes_[static_cast<size_t>(phase)]; }

  const Clock& clock() const { return clock_; }
  bool has_nodes() const { return detail_ == Detail::kNodes; }

 private:
  const Clock& clock_;
  Detail detail_;
  std::array<TimeSpent, kPhaseCount> phases_;
  std::array<std::vector<NodeProfile>, kPhaseCount> nodes_;
};

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_RUN_PROFILE_H_
