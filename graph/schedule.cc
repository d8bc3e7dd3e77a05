#include "graph/schedule.h"

#include "graph/loop_order.h"

namespace plgraph {

std::vector<std::span<const Turn>> SweepsOf(std::span<const Turn> turns) {
  std::vector<std::span<const Turn>> sweeps;
  for (size_t begin = 0; begin < turns.size();) {
    size_t end = begin + 1;
    while (end < turns.size() && turns[end].sweep == turns[begin].sweep) ++end;
    if (turns[begin].sweep >= 0) sweeps.push_back(turns.subspan(begin, end - begin));
    begin = end;
  }
  return sweeps;
}

Schedule ScheduleNodes(const Graph& graph) {
  Schedule schedule;
  for (const Value value : graph.TopologicalOrder()) {
    const Node& node = graph.node(value);
    if (node.kind != NodeKind::kOp || IsLoop(node.phase)) continue;
    schedule.phases[static_cast<size_t>(node.phase)].push_back({.node = value});
  }
  for (const Phase loop : {Phase::kStep, Phase::kStepAdjoint}) {
    schedule.phases[static_cast<size_t>(loop)] = OrderLoop(graph, loop);
  }
  return schedule;
}

}  // namespace plgraph
