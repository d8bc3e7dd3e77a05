#include "graph/compile.h"

#include "graph/ir/verify.h"
#include "graph/passes/pass.h"

namespace plgraph {
namespace {

struct Pass {
  std::string_view name;
  void (*run)(const PlannedFor& planned, Graph& graph);
};

// The whole compiler, in order. One pass is one file in passes/.
constexpr Pass kPasses[] = {
    {"expand", ExpandCompositions},  // compositions become what they are composed of
    {"pooling", PoolBeforeRelu},     // pooling before a Relu: fewer elements
    {"terms", PrepareTerms},      // losses and metrics joined over the steps; states with a next of their own
    {"autodiff", AppendAdjoint},  // gradient nodes are ordinary nodes
    {"simplify", Simplify},       // equal nodes merged, patterns replaced, dead nodes dropped
    {"factor", FactorTraces},     // traces that are only multiplied with vectors are never made
    {"replay", MarkReplayed},     // the way back runs updates anew in place of keeping what they made
    {"traces", RewindTraces},     // the way back inverts the updates of traces in place of keeping them
    {"phases", AssignPhases},     // once, ahead, step, after, and back
};

}  // namespace

Executable Compile(Graph graph, const CompileOptions& options) {
  const PlannedFor planned = options.planned_for();
  int index = 0;
  for (const Pass& pass : kPasses) {
    pass.run(planned, graph);
    ++index;
    if (options.on_pass) options.on_pass(index, pass.name, graph);
    VerifyGraph(graph, pass.name, index == static_cast<int>(std::size(kPasses)));
  }
  return PlanExecution(std::move(graph), options);
}

Executable PlanExecution(Graph compiled, const CompileOptions& options) {
  Executable executable{.graph = std::move(compiled), .schedule = {}, .memory = {}, .options = options};
  executable.options.on_pass = {};
  executable.schedule = ScheduleNodes(executable.graph, options);
  executable.memory =
      PlanMemory(executable.graph, executable.schedule, options);  // after autodiff: it sees all reads
  return executable;
}

}  // namespace plgraph
