#include "tools/training/cost.h"

#include <algorithm>
#include <set>

#include "graph/plan/checkpoint_intervals.h"
#include "serialization/language/initializer.h"

namespace plgraph {
namespace {

// The resident memory of `train` on a model of a few nodes.
constexpr std::int64_t kProcessBytes = std::int64_t{13} << 20;
// Of a compiled node, with its share of the model and of what the compiler holds beside it. Measured on chains of 1000
// to 100,000 nodes.
constexpr std::int64_t kNodeBytes = 1550;

std::int64_t ParameterElements(const Graph& graph) {
  std::int64_t count = 0;
  for (int id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(Value{id});
    if (node.kind == NodeKind::kParameter) count += node.shape.NumElements();
  }
  return count;
}

// Of the states that go on from episode to episode.
std::int64_t KeptElements(const Executable& executable) {
  std::int64_t count = 0;
  for (const State& state : executable.graph.states) {
    if (state.kept)
      count += executable.graph.node(state.value).shape.NumElements() * executable.options.batch;
  }
  return count;
}

std::int64_t ArenaBytes(const Executable& executable) {
  return executable.memory.size * SizeOf(executable.options.dtype);
}

// All checkpoint intervals but the last run again, and all outer intervals but the last, each of which leaves its last
// checkpoint interval.
double FlopsOfRecomputation(const Executable& executable) {
  const std::int64_t interval = executable.memory.interval;
  const std::int64_t outer_interval = executable.memory.outer_interval;
  if (interval == 0) return 0;
  const std::int64_t before_last = executable.options.steps - 1;
  std::int64_t steps = before_last / interval * interval;
  if (outer_interval > 0) steps += before_last / outer_interval * (outer_interval - interval);
  double flops = 0;
  for (const Value op : RecomputedOps(executable.graph)) {
    flops += static_cast<double>(FlopsOfInstance(executable.graph, executable.graph.node(op)));
  }
  return flops * static_cast<double>(steps) * static_cast<double>(executable.options.batch);
}

// Where a value lies in the round in which the nodes that are not pipelined are at step 1: a state and the `next` of
// the step before are one place.
std::int64_t PlaceIn(const Executable& executable, const ScheduledNode& scheduled, Value value) {
  std::int64_t step = 1;
  if (scheduled.pipelined) step += executable.graph.node(scheduled.node).phase == Phase::kStep ? -1 : 1;
  return executable.memory.placements[value].AtStep(step);
}

}  // namespace

std::int64_t FlopsOfInstance(const Graph& graph, const Node& node) {
  if (node.op == nullptr) return 0;
  if (node.op->flops == nullptr) return node.shape.NumElements();
  std::vector<const Shape*> shapes;
  for (const Value operand : node.operands) shapes.push_back(operand ? &graph.node(operand).shape : nullptr);
  return node.op->flops({shapes, node.attributes}, node.shape);
}

std::vector<Traffic> TrafficOf(const Executable& executable, std::span<const ScheduledNode> order) {
  const Graph& graph = executable.graph;
  std::set<std::int64_t> seen;
  std::vector<Traffic> traffic;
  for (const ScheduledNode& scheduled : order) {
    std::vector<Value> values = graph.node(scheduled.node).operands;
    values.push_back(scheduled.node);
    bool sample = false;
    for (const Value value : values) sample = sample || (value && graph.node(value).variance.sample);
    Traffic& own = traffic.emplace_back();
    for (const Value value : values) {
      if (!value || !seen.insert(PlaceIn(executable, scheduled, value)).second) continue;
      const Node& node = graph.node(value);
      const std::int64_t bytes = node.shape.NumElements() * SizeOf(executable.options.dtype);
      // Steps are instances of one call only where there are no samples, or along with them.
      const bool each_instance = node.variance.sample || (node.variance.step && !sample);
      (each_instance ? own.instance_bytes : own.call_bytes) += bytes;
    }
  }
  return traffic;
}

std::int64_t InstancesOf(const Graph& graph, const Node& node, const CompileOptions& options) {
  Variance variance = node.variance;
  for (const Value operand : node.operands) {
    if (operand) variance = variance | graph.node(operand).variance;
  }
  const bool all_steps =
      variance.step && (node.op == nullptr || (node.op->instance_rule != InstanceRule::kLastStep &&
                                               node.op->instance_rule != InstanceRule::kFirstStep));
  return (variance.sample ? options.batch : 1) * (all_steps ? options.steps : 1);
}

double FlopsPerEpisode(const Executable& executable, std::int64_t episode_steps) {
  double batch_run = 0;
  for (const std::vector<ScheduledNode>& phase : executable.schedule.phases) {
    for (const ScheduledNode& scheduled : phase) {
      const Node& node = executable.graph.node(scheduled.node);
      batch_run += static_cast<double>(FlopsOfInstance(executable.graph, node)) *
                   static_cast<double>(InstancesOf(executable.graph, node, executable.options));
    }
  }
  batch_run += FlopsOfRecomputation(executable);
  const double runs = static_cast<double>(episode_steps) / static_cast<double>(executable.options.steps);
  return batch_run * runs / static_cast<double>(executable.options.batch);
}

PeakMemory PredictPeakMemory(const LoadedModel& loaded, const Executable& training,
                             const Executable* evaluation, std::int64_t data_bytes) {
  PeakMemory peak;
  peak.process = kProcessBytes;
  peak.graph = kNodeBytes * (training.graph.size() + (evaluation != nullptr ? evaluation->graph.size() : 0));
  peak.arenas = ArenaBytes(training) + (evaluation != nullptr ? ArenaBytes(*evaluation) : 0);
  peak.data = data_bytes;
  const std::int64_t element = SizeOf(training.options.dtype);
  const std::int64_t parameters = ParameterElements(training.graph) * element;
  const std::int64_t checkpoint =
      parameters + (training.memory.section(Section::kOptimizer) + KeptElements(training)) * element;
  std::int64_t making = 0;
  for (const ParameterDef& def : loaded.model.parameter()) {
    making =
        std::max(making, InitialValueBytes(def, training.graph.node(training.graph.Find(def.name())).shape));
  }
  // When parameters are made, nothing else lies in the arenas yet.
  peak.copies = std::max(checkpoint, making + parameters - peak.arenas);
  return peak;
}

}  // namespace plgraph
