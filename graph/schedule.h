#ifndef PLGRAPH_GRAPH_SCHEDULE_H_
#define PLGRAPH_GRAPH_SCHEDULE_H_

#include <array>
#include <vector>

#include "graph/graph.h"

namespace plgraph {

/// The order in which the nodes of each phase run.
struct Schedule {
  std::array<std::vector<Value>, kPhaseCount> phases;

  const std::vector<Value>& nodes(Phase phase) const { return phases[static_cast<size_t>(phase)]; }
};

/// Orders the op nodes of a graph whose phases are assigned. In a loop, what overwrites a state comes as late
/// as it can, so that the state's memory can be taken over.
Schedule ScheduleNodes(const Graph& graph);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_SCHEDULE_H_
