#ifndef PLGRAPH_GRAPH_SCHEDULE_H_
#define PLGRAPH_GRAPH_SCHEDULE_H_

#include <array>
#include <span>
#include <vector>

#include "graph/graph.h"

namespace plgraph {

/// A node in the order of its phase.
struct Turn {
  Value node;
  /// In a loop: runs one round later than the others, at the step of the round before.
  bool late = false;
  /// In a loop: nodes of the same number stand side by side and go over the lines of their matrices together,
  /// some lines at a time; -1: on its own.
  int sweep = -1;

  friend bool operator==(const Turn&, const Turn&) = default;
};

/// The order in which the nodes of each phase run.
struct Schedule {
  std::array<std::vector<Turn>, kPhaseCount> phases;

  const std::vector<Turn>& turns(Phase phase) const { return phases[static_cast<size_t>(phase)]; }
};

/// The sweeps of a loop, each the turns of its members.
std::vector<std::span<const Turn>> SweepsOf(std::span<const Turn> turns);

/// Orders the op nodes of a graph whose phases are assigned.
Schedule ScheduleNodes(const Graph& graph);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_SCHEDULE_H_
