#include "graph/plan/schedule.h"

#include "graph/compile.h"
#include "graph/plan/loop_order.h"
#include "graph/plan/row_blocks.h"

namespace plgraph {

std::vector<std::span<const Turn>> SweepsOf(std::span<const Turn> turns) {
  std::vector<std::span<const Turn>> sweeps;
  for (size_t begin = 0; begin < turns.size();) {
    const size_t end = EndOfGroup(turns, begin, &Turn::sweep);
    if (turns[begin].sweep >= 0) sweeps.push_back(turns.subspan(begin, end - begin));
    begin = end;
  }
  return sweeps;
}

Schedule ScheduleNodes(const Graph& graph, const CompileOptions& options) {
  Schedule schedule;
  std::array<std::vector<Value>, kPhaseCount> nodes;
  for (const Value value : graph.TopologicalOrder()) {
    const Node& node = graph.node(value);
    if (node.kind == NodeKind::kOp) nodes[static_cast<size_t>(node.phase)].push_back(value);
  }
  for (size_t p = 0; p < kPhaseCount; ++p) {
    const Phase phase = static_cast<Phase>(p);
    if (IsLoop(phase)) {
      schedule.phases[p] = OrderLoop(graph, phase);
      for (Turn& turn : schedule.phases[p]) turn.sweep = options.sweeps ? turn.sweep : -1;
    } else {
      OrderInBlocks(graph, phase, nodes[p], options, schedule);
    }
  }
  return schedule;
}

}  // namespace plgraph
