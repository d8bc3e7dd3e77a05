#include "graph/plan/executable.h"

namespace plgraph {

Executable PlanExecution(Graph compiled, const CompileOptions& options) {
  Executable executable{
      .graph = std::move(compiled), .schedule = {}, .loops = {}, .memory = {}, .options = options};
  const Graph& graph = executable.graph;
  executable.schedule = ScheduleNodes(graph, options);
  for (const Phase loop : {Phase::kStep, Phase::kStepAdjoint}) {
    (loop == Phase::kStep ? executable.loops.forward : executable.loops.backward) =
        PlanLoop(graph, executable.schedule.order(loop), options);
  }
  executable.memory =  // after autodiff: it sees all reads
      PlanMemory(graph, executable.schedule, executable.loops, options);
  return executable;
}

}  // namespace plgraph
