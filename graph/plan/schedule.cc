#include "graph/plan/schedule.h"

#include "graph/ir/compile_options.h"
#include "graph/plan/instance_blocks.h"
#include "graph/plan/loop_order.h"

namespace plgraph {

std::vector<std::span<const ScheduledNode>> FusedLoopsOf(std::span<const ScheduledNode> order) {
  std::vector<std::span<const ScheduledNode>> fused_loops;
  for (size_t begin = 0; begin < order.size();) {
    const size_t end = EndOfGroup(order, begin, &ScheduledNode::fused_loop);
    if (order[begin].fused_loop >= 0) fused_loops.push_back(order.subspan(begin, end - begin));
    begin = end;
  }
  return fused_loops;
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
      for (ScheduledNode& scheduled : schedule.phases[p])
        scheduled.fused_loop = options.fused_loops ? scheduled.fused_loop : -1;
    } else {
      OrderInBlocks(graph, phase, nodes[p], options, schedule);
    }
  }
  return schedule;
}

}  // namespace plgraph
