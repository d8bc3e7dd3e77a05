#include "graph/plan/memory_plan.h"

#include "core/checked_size.h"
#include "graph/plan/checkpoint_intervals.h"
#include "graph/plan/lasting_memory.h"
#include "graph/plan/lifetimes.h"
#include "graph/plan/passing_memory.h"
#include "graph/plan/run_facts.h"
#include "graph/plan/sum_memory.h"

namespace plgraph {
namespace {

// By node: what is to be read after a run keeps its place until then.
NodeMap<bool> KeptValues(const Graph& graph, const CompileOptions& options) {
  NodeMap<bool> kept(graph.size());
  for (const Term& term : graph.terms) kept[term.value] = true;
  for (const std::string& name : options.outputs) kept[graph.Find(name)] = true;
  for (const ParameterGradient& g : graph.gradients) {
    if (g.gradient) kept[g.gradient] = true;
  }
  for (const ParameterUpdate& update : graph.updates) kept[update.next] = true;
  return kept;
}

// With no value placed.
MemoryPlan EmptyPlan(int nodes, const CheckpointIntervals& intervals) {
  MemoryPlan plan;
  plan.placements = NodeMap<Placement>(nodes);
  plan.row_sums = plan.group_sums = plan.totals = plan.asides = NodeMap<std::int64_t>(nodes, -1);
  plan.totals_stride = NodeMap<std::int64_t>(nodes);
  plan.interval = intervals.steps();
  plan.outer_interval = intervals.outer_interval();
  return plan;
}

}  // namespace

std::string_view NameOf(Section section) {
  constexpr std::string_view kNames[] = {"parameters", "gradients", "optimizer", "inputs",
                                         "states",     "saved",     "scratch"};
  return kNames[static_cast<int>(section)];
}

std::int64_t MemoryPlan::Append(std::int64_t elements, Section section) {
  const std::int64_t offset = size;
  size = (CheckedSize(size) + elements).value();
  section_sizes[static_cast<int>(section)] += elements;
  return offset;
}

MemoryPlan PlanMemory(const Graph& graph, const Schedule& schedule, const LoopPlans& loops,
                      const CompileOptions& options) {
  const CheckpointIntervals intervals(graph, schedule, options);
  const Lifetimes lifetimes(graph, schedule, intervals, KeptValues(graph, options));
  const RunFacts run{graph, schedule, loops, options, intervals, lifetimes};
  MemoryPlan plan = EmptyPlan(graph.size(), intervals);
  PlaceSources(run, plan);
  PlaceStates(run, plan);
  PlaceLastingResults(run, plan);
  PlaceSums(run, plan);
  PlaceOptimizer(run, plan);
  PlacePassingResults(run, plan);
  return plan;
}

}  // namespace plgraph
