#include "graph/plan/lasting_memory.h"

#include <algorithm>

#include "graph/plan/overwriting.h"

namespace plgraph {
namespace {

void PlaceValue(const RunFacts& run, Value value, std::int64_t slots, Section section, MemoryPlan& plan) {
  Placement placement = SlotsFor(run.graph.node(value), slots, run.options.batch);
  placement.offset = plan.Append(SizeOf(placement), section);
  plan.placements[value] = placement;
}

bool IsReadAsHistory(const Graph& graph, Value value) {
  const std::vector<Value> users = graph.Users(value);
  return std::any_of(users.begin(), users.end(),
                     [&](Value user) { return ReadsHistoryOf(graph.node(user), value); });
}

void KeepSnapshots(Placement& ring, std::int64_t every, std::int64_t between, std::int64_t steps) {
  ring.interval = every;
  ring.end = steps;
  ring.slots = ring.snapshots() + between;
}

// What goes on from run to run is read until the end of a run, when what it becomes is there already.
void PlaceStateOfRuns(const RunFacts& run, const State& state, MemoryPlan& plan) {
  PlaceValue(run, state.value, 1, Section::kStates, plan);
  PlaceValue(run, state.next, 1, Section::kStates, plan);
}

void PlaceState(const RunFacts& run, const State& state, MemoryPlan& plan) {
  if (!run.graph.node(state.value).variance.step) return PlaceStateOfRuns(run, state, plan);
  const std::int64_t steps = run.options.steps;
  const bool recomputed = run.intervals.Recomputes(state.value);
  const bool kept = run.lifetimes.IsKept(state.value) || run.lifetimes.IsKept(state.next) ||
                    IsReadAsHistory(run.graph, state.value);
  const bool saved = run.lifetimes.IsReadOutsideItsLoop(state.value) ||
                     run.lifetimes.IsReadOutsideItsLoop(state.next) || kept || recomputed;
  Placement ring =
      SlotsFor(run.graph.node(state.value), saved ? steps + 1 : FewestSlots(run, state), run.options.batch);
  if (recomputed && !kept) {
    ring.outer_interval = run.intervals.outer_interval();
    KeepSnapshots(ring, run.intervals.steps(), run.intervals.RingOf(state), steps);
  } else if (const std::int64_t every = SnapshotSteps(run.graph, state.value); every > 0 && !saved) {
    KeepSnapshots(ring, every, ring.slots, steps);
  }
  ring.offset = plan.Append(SizeOf(ring), saved ? Section::kSaved : Section::kStates);
  Placement& value = plan.placements[state.value];
  Placement& next = plan.placements[state.next];
  value = next = ring;
  (state.adjoint ? value : next).shift = 1;
}

NodeMap<bool> GradientsOf(const Graph& graph) {
  NodeMap<bool> gradients(graph.size());
  for (const ParameterGradient& g : graph.gradients) {
    if (g.gradient) gradients[g.gradient] = true;
  }
  return gradients;
}

void PlaceKeptAndSaved(const RunFacts& run, MemoryPlan& plan) {
  const NodeMap<bool> gradients = GradientsOf(run.graph);
  for (const auto& order : run.schedule.phases) {
    for (const ScheduledNode& scheduled : order) {
      const Value value = scheduled.node;
      const Node& node = run.graph.node(value);
      if (plan.IsPlaced(value)) continue;
      if (run.lifetimes.IsKept(value)) {
        PlaceValue(run, value, run.StepsOf(node), gradients[value] ? Section::kGradients : Section::kScratch,
                   plan);
      } else if (IsLoop(node.phase) && node.variance.step && run.lifetimes.IsReadOutsideItsLoop(value)) {
        const bool recomputed = run.intervals.Recomputes(value);
        PlaceValue(run, value, recomputed ? run.intervals.RingOf(value) : run.options.steps, Section::kSaved,
                   plan);
      }
    }
  }
}

// What is read by pipelined nodes is overwritten where a whole outer interval runs again.
void PlaceAsides(const RunFacts& run, MemoryPlan& plan) {
  if (run.intervals.outer_interval() == 0) return;
  for (const Value op : RecomputedOps(run.graph)) {
    if (!run.intervals.IsReadPipelined(op)) continue;
    plan.asides[op] = plan.Append(WholeCacheLines(plan.placements[op].slot_stride), Section::kSaved);
  }
}

// What a node that is pipelined reads from the round before.
void PlaceCarried(const RunFacts& run, MemoryPlan& plan) {
  for (const Phase loop : {Phase::kStep, Phase::kStepAdjoint}) {
    for (const ScheduledNode& scheduled : run.schedule.order(loop)) {
      const Value value = scheduled.node;
      if (scheduled.pipelined || plan.IsPlaced(value) || OutlivesRound(run.graph.node(value))) continue;
      const std::int64_t slots = FewestSlotsForPipelined(run, value);
      if (slots > 0) PlaceValue(run, value, slots, Section::kScratch, plan);
    }
  }
}

}  // namespace

void PlaceSources(const RunFacts& run, MemoryPlan& plan) {
  for (int id = 0; id < run.graph.size(); ++id) {
    const Node& node = run.graph.node(Value{id});
    if (node.kind == NodeKind::kParameter) PlaceValue(run, Value{id}, 1, Section::kParameters, plan);
    if (node.kind == NodeKind::kInput || node.kind == NodeKind::kControl) {
      PlaceValue(run, Value{id}, run.StepsOf(node), Section::kInputs, plan);
    }
  }
}

// At step t a state that runs forward is in slot t and its next in slot t + 1; a carry, which comes from step t + 1,
// is in slot t + 1 and its next in slot t.
void PlaceStates(const RunFacts& run, MemoryPlan& plan) {
  for (const State& state : run.graph.states) PlaceState(run, state, plan);
}

void PlaceLastingResults(const RunFacts& run, MemoryPlan& plan) {
  PlaceKeptAndSaved(run, plan);
  PlaceAsides(run, plan);
  PlaceCarried(run, plan);
}

void PlaceOptimizer(const RunFacts& run, MemoryPlan& plan) {
  for (const ParameterGradient& g : run.graph.gradients) {
    const std::int64_t size = WholeCacheLines(run.graph.node(g.parameter).shape.NumElements());
    std::vector<std::int64_t>& slots = plan.optimizer.emplace_back();
    for (int slot = 0; slot < run.options.optimizer_slots; ++slot) {
      slots.push_back(plan.Append(size, Section::kOptimizer));
    }
    if (run.options.accumulate) plan.gradient_sums.push_back(plan.Append(size, Section::kGradients));
  }
}

}  // namespace plgraph
