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

// Whether the rows of all steps lie one behind the other as one sequence (or are one and the same row).
bool IsSequence(const Place& place, std::int64_t rows_per_step) {
  if (!place.variance.step) return !place.variance.sample;
  return place.placement.slot_stride == rows_per_step * place.row_size &&
         (place.variance.sample || rows_per_step == 1);
}

std::int64_t SequenceStride(const Place& place) { return place.variance.step ? place.row_size : 0; }

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
    OperandRows<T>& rows = operand_rows.emplace_back();
    if (!operand) continue;
    const Place& place = operands.back();
    rows.shape = &executable.graph.node(operand).shape;
    rows.row_stride = place.placement.row_stride;
    if (place.placement.HoldsSteps(executable.options.steps) && place.variance.step) {
      rows.step_stride = place.placement.slot_stride;
    }
    sample = sample || place.variance.sample;
    step = step || place.variance.step;
  }
  origin.run_samples = executable.options.batch;
  origin.run_steps = executable.options.steps;
  if (const int snapshot = node->op->snapshot; snapshot >= 0) {
    operands[static_cast<size_t>(snapshot)].every = SnapshotSteps(*node);
  }
  rows_per_step = sample ? executable.options.batch : 1;
  steps = step ? executable.options.steps : 1;
}

template <typename T>
void Instruction<T>::Bind(ThreadPool& threads) {
  origin.stream = node->random_stream;
  origin.batch = rows_per_step;
  args.operands = operand_rows;
  args.result_stride = result.placement.row_stride;
  args.shape = &node->shape;
  args.rows = rows_per_step;
  args.attributes = node->attributes;
  args.origin = &origin;
  args.threads = &threads;
  const bool mapped = node->op->row_rule == RowRule::kMap || node->op->row_rule == RowRule::kSum;
  if (IsLoop(node->phase) || steps == 1 || !mapped || !node->op->history.empty()) return;
  one_batch = IsSequence(result, rows_per_step);
  for (size_t i = 0; i < operands.size(); ++i) {
    if (node->operands[i] && !IsSequence(operands[i], rows_per_step)) one_batch = false;
  }
  if (!one_batch) return;
  args.rows = rows_per_step * steps;
  args.result_stride = SequenceStride(result);
  for (size_t i = 0; i < operands.size(); ++i) operand_rows[i].row_stride = SequenceStride(operands[i]);
}

template <typename T>
void Instruction<T>::PointAt(T* base, const RunContext& context, std::int64_t step, std::int64_t sample) {
  for (size_t i = 0; i < operands.size(); ++i) {
    if (operand_rows[i].shape != nullptr) operand_rows[i].data = base + operands[i].At(step, sample);
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
  profile->rows += args.rows;
}

template <typename T>
void Instruction<T>::Run(const Clock* clock) const {
  const Timer timer(clock, spent());
  if (observer != nullptr) observer->Before(*node, args);
  if (SumsEachStep(*node))
    std::fill_n(args.result, args.result_stride == 0 ? result.row_size : args.rows * args.result_stride,
                T{0});
  node->op->kernel.template Run<T>(args);
  if (observer != nullptr) observer->After(*node, args);
}

template <typename T>
void Instruction<T>::Clear(T* base) {
  if (node->op->row_rule != RowRule::kSum || SumsEachStep(*node)) return;
  std::fill_n(base + result.placement.offset, SumSize(), T{0});
  if (totals < 0) return;
  std::fill_n(TotalsAt(base), SumSize(), 0.0);
  block_rows = 0;
}

template <typename T>
void Instruction<T>::CountRows(T* base) {
  if (totals < 0) return;
  block_rows += node->variance.sample ? 1 : args.rows;
  if (block_rows < SumBlockRows(*node)) return;
  MoveToTotals(base + result.placement.offset, TotalsAt(base), SumSize(), *args.threads);
  block_rows = 0;
}

template <typename T>
void Instruction<T>::TakeTotals(T* base) const {
  if (totals < 0) return;
  plgraph::TakeTotals(base + result.placement.offset, TotalsAt(base), SumSize());
}

template struct Instruction<float>;
template struct Instruction<double>;

}  // namespace plgraph
