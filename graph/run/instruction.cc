#include "graph/run/instruction.h"

#include <algorithm>

#include "graph/plan/checkpoint_intervals.h"
#include "graph/plan/sum_totals.h"

namespace plgraph {
namespace {

Place PlaceOf(const Executable& executable, Value value) {
  const Node& node = executable.graph.node(value);
  return {executable.memory.placements[value], node.variance, node.shape.NumElements()};
}

// Whether the instances of all steps lie one behind the other as one sequence (or are one and the same instance).
bool IsSequence(const Place& place, std::int64_t instances_per_step) {
  if (!place.variance.step) return !place.variance.sample;
  return place.placement.slot_stride == instances_per_step * place.instance_size &&
         (place.variance.sample || instances_per_step == 1);
}

std::int64_t SequenceStride(const Place& place) { return place.variance.step ? place.instance_size : 0; }

}  // namespace

template <typename T>
Instruction<T>::Instruction(const Executable& executable, const ScheduledNode& scheduled)
    : node(&executable.graph.node(scheduled.node)),
      result(PlaceOf(executable, scheduled.node)),
      pipelined(scheduled.pipelined),
      fused_loop(scheduled.fused_loop),
      block(scheduled.block),
      totals(executable.memory.totals[scheduled.node]) {
  bool sample = node->variance.sample;
  bool step = node->variance.step;
  for (const Value operand : node->operands) {
    operands.push_back(operand ? PlaceOf(executable, operand) : Place{});
    OperandInstances<T>& instances = operand_instances.emplace_back();
    if (!operand) continue;
    const Place& place = operands.back();
    instances.shape = &executable.graph.node(operand).shape;
    instances.instance_stride = place.placement.instance_stride;
    if (place.placement.HoldsSteps(executable.options.steps) && place.variance.step) {
      instances.step_stride = place.placement.slot_stride;
    }
    sample = sample || place.variance.sample;
    step = step || place.variance.step;
  }
  origin.run_samples = executable.options.batch;
  origin.run_steps = executable.options.steps;
  if (const int snapshot = node->op->snapshot; snapshot >= 0) {
    operands[static_cast<size_t>(snapshot)].every = SnapshotSteps(*node);
  }
  instances_per_step = sample ? executable.options.batch : 1;
  steps = step ? executable.options.steps : 1;
}

template <typename T>
void Instruction<T>::Bind(ThreadPool& threads) {
  origin.stream = node->random_stream;
  origin.batch = instances_per_step;
  args.operands = operand_instances;
  args.result_stride = result.placement.instance_stride;
  args.shape = &node->shape;
  args.instances = instances_per_step;
  args.attributes = node->attributes;
  args.origin = &origin;
  args.threads = &threads;
  const bool mapped =
      node->op->instance_rule == InstanceRule::kMap || node->op->instance_rule == InstanceRule::kSum;
  if (IsLoop(node->phase) || steps == 1 || !mapped || !node->op->history.empty()) return;
  one_batch = IsSequence(result, instances_per_step);
  for (size_t i = 0; i < operands.size(); ++i) {
    if (node->operands[i] && !IsSequence(operands[i], instances_per_step)) one_batch = false;
  }
  if (!one_batch) return;
  args.instances = instances_per_step * steps;
  args.result_stride = SequenceStride(result);
  for (size_t i = 0; i < operands.size(); ++i)
    operand_instances[i].instance_stride = SequenceStride(operands[i]);
}

template <typename T>
void Instruction<T>::PointAt(T* base, const RunContext& context, std::int64_t step, std::int64_t sample) {
  for (size_t i = 0; i < operands.size(); ++i) {
    if (operand_instances[i].shape != nullptr)
      operand_instances[i].data = base + operands[i].At(step, sample);
  }
  args.result = base + result.At(step, sample);
  args.step = step;
  origin.seed = context.seed;
  origin.first_episode = context.first_episode + static_cast<std::uint64_t>(sample);
  if (node->at_last_step) step = origin.run_steps - 1;
  origin.first_step = node->variance.step || node->at_last_step ? context.first_step + step : 0;
  Count();
}

template <typename T>
void Instruction<T>::Count() const {
  if (profile == nullptr) return;
  ++profile->calls;
  profile->instances += args.instances;
}

template <typename T>
void Instruction<T>::Run(const Clock* clock) const {
  const Timer timer(clock, spent());
  if (observer != nullptr) observer->Before(*node, args);
  if (SumsEachStep(*node))
    std::fill_n(args.result,
                args.result_stride == 0 ? result.instance_size : args.instances * args.result_stride, T{0});
  node->op->kernel.template Run<T>(args);
  if (observer != nullptr) observer->After(*node, args);
}

template <typename T>
void Instruction<T>::Clear(T* base) {
  if (node->op->instance_rule != InstanceRule::kSum || SumsEachStep(*node)) return;
  std::fill_n(base + result.placement.offset, SumSize(), T{0});
  if (totals < 0) return;
  std::fill_n(TotalsAt(base), SumSize(), 0.0);
  block_instances = 0;
}

template <typename T>
void Instruction<T>::CountInstances(T* base) {
  if (totals < 0) return;
  block_instances += node->variance.sample ? 1 : args.instances;
  if (block_instances < SumBlockInstances(*node)) return;
  MoveToTotals(base + result.placement.offset, TotalsAt(base), SumSize(), *args.threads);
  block_instances = 0;
}

template <typename T>
void Instruction<T>::TakeTotals(T* base) const {
  if (totals < 0) return;
  plgraph::TakeTotals(base + result.placement.offset, TotalsAt(base), SumSize());
}

template struct Instruction<float>;
template struct Instruction<double>;

}  // namespace plgraph
