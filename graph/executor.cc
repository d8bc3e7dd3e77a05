#include "graph/executor.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/arena.h"
#include "core/checked_size.h"
#include "core/random.h"
#include "graph/instruction.h"
#include "graph/sweep.h"

namespace plgraph {
namespace {

// Whether the rows of all steps lie one behind the other as one sequence (or are one and the same row).
bool IsSequence(const Place& place, std::int64_t rows_per_step) {
  if (!place.variance.step) return !place.variance.sample;
  return place.placement.slot_stride == rows_per_step * place.row_size &&
         (place.variance.sample || rows_per_step == 1);
}

std::int64_t SequenceStride(const Place& place) { return place.variance.step ? place.row_size : 0; }

}  // namespace

template <typename T>
struct Executor<T>::Impl {
  Impl(const Executable& e, MemoryBudget& budget, ThreadPool& pool)
      : executable(e),
        graph(e.graph),
        threads(pool),
        arena(budget, (CheckedSize(e.memory.size) * static_cast<std::int64_t>(sizeof(T))).value()),
        base(static_cast<T*>(arena.data())) {
    for (int phase = 0; phase < kPhaseCount; ++phase) {
      for (const Turn& turn : e.schedule.phases[static_cast<size_t>(phase)]) {
        instructions[static_cast<size_t>(phase)].push_back(Prepare(turn));
      }
    }
    for (auto& phase : instructions) {
      for (Instruction<T>& instruction : phase) Bind(instruction);
    }
    for (const Phase loop : {Phase::kStep, Phase::kStepAdjoint}) MakeSweeps(loop);
    if (graph.last_step) *At(graph.last_step, e.options.steps - 1) = T{1};
  }

  const Placement& PlacementOf(Value value) const {
    return executable.memory.placements[static_cast<size_t>(value.id)];
  }
  T* At(Value value, std::int64_t step) const { return base + PlacementOf(value).AtStep(step); }

  Place PlaceOf(Value value) const {
    const Node& node = graph.node(value);
    return {PlacementOf(value), node.variance, node.shape.NumElements()};
  }

  Instruction<T> Prepare(const Turn& turn) const {
    const Node& node = graph.node(turn.node);
    Instruction<T> instruction;
    instruction.node = &node;
    instruction.late = turn.late;
    instruction.sweep = turn.sweep;
    instruction.result = PlaceOf(turn.node);
    bool sample = node.variance.sample;
    bool step = node.variance.step;
    for (const Value operand : node.operands) {
      instruction.operands.push_back(operand ? PlaceOf(operand) : Place{});
      instruction.operand_rows.push_back({});
      if (!operand) continue;
      instruction.operand_rows.back().shape = &graph.node(operand).shape;
      instruction.operand_rows.back().row_stride = PlacementOf(operand).row_stride;
      if (PlacementOf(operand).slots >= executable.options.steps && graph.node(operand).variance.step) {
        instruction.operand_rows.back().step_stride = PlacementOf(operand).slot_stride;
      }
      sample = sample || graph.node(operand).variance.sample;
      step = step || graph.node(operand).variance.step;
    }
    instruction.rows_per_step = sample ? executable.options.batch : 1;
    instruction.steps = step ? executable.options.steps : 1;
    return instruction;
  }

  // After the instruction has its final address: the arguments point into it.
  void Bind(Instruction<T>& instruction) {
    const Node& node = *instruction.node;
    instruction.origin.stream = StreamId(node.name);
    instruction.origin.batch = instruction.rows_per_step;
    instruction.args.operands = instruction.operand_rows;
    instruction.args.result_stride = instruction.result.placement.row_stride;
    instruction.args.shape = &node.shape;
    instruction.args.rows = instruction.rows_per_step;
    instruction.args.attributes = node.attributes;
    instruction.args.origin = &instruction.origin;
    instruction.args.threads = &threads;
    const bool mapped = node.op->row_rule == RowRule::kMap || node.op->row_rule == RowRule::kSum;
    if (IsLoop(node.phase) || instruction.steps == 1 || !mapped) return;
    instruction.one_batch = IsSequence(instruction.result, instruction.rows_per_step);
    for (size_t i = 0; i < instruction.operands.size(); ++i) {
      if (node.operands[i] && !IsSequence(instruction.operands[i], instruction.rows_per_step))
        instruction.one_batch = false;
    }
    if (!instruction.one_batch) return;
    instruction.args.rows = instruction.rows_per_step * instruction.steps;
    instruction.args.result_stride = SequenceStride(instruction.result);
    for (size_t i = 0; i < instruction.operands.size(); ++i) {
      instruction.operand_rows[i].row_stride = SequenceStride(instruction.operands[i]);
    }
  }

  void MakeSweeps(Phase loop) {
    std::vector<Instruction<T>>& all = instructions[static_cast<size_t>(loop)];
    const std::vector<Turn>& turns = executable.schedule.turns(loop);
    const std::int64_t samples = SamplesAtOnce(graph, turns, executable.options);
    samples_at_once[static_cast<size_t>(loop)] = samples;
    for (const std::span<const Turn> members : SweepsOf(turns)) {
      std::vector<T*> line_sums;
      for (const Turn& turn : members) {
        const std::int64_t offset = executable.memory.line_sums[static_cast<size_t>(turn.node.id)];
        line_sums.push_back(offset >= 0 ? base + offset : nullptr);
      }
      const std::span<Instruction<T>> own =
          std::span(all).subspan(members.data() - turns.data(), members.size());
      sweeps[static_cast<size_t>(loop)].emplace_back(
          graph, members, own, TileSweep(graph, members, samples, executable.options.dtype), line_sums);
    }
  }

  void PointAt(Instruction<T>& instruction, std::int64_t step, std::int64_t sample = 0) {
    instruction.PointAt(base, step, sample);
    instruction.origin.seed = context.seed;
    instruction.origin.first_episode = context.first_episode + static_cast<std::uint64_t>(sample);
    instruction.origin.first_step = context.first_step + step;
  }

  void RunAt(Instruction<T>& instruction, std::int64_t step, std::int64_t sample = 0) {
    PointAt(instruction, step, sample);
    instruction.node->op->kernel.template Run<T>(instruction.args);
  }

  void Clear(const Instruction<T>& instruction) {
    if (instruction.node->op->row_rule != RowRule::kSum) return;
    T* begin = base + instruction.result.placement.offset;
    std::fill_n(begin, instruction.result.placement.slots * instruction.result.placement.slot_stride, T{0});
  }

  void RunBatched(Phase phase) {
    for (Instruction<T>& instruction : instructions[static_cast<size_t>(phase)]) {
      Clear(instruction);
      const RowRule rule = instruction.node->op->row_rule;
      if (rule == RowRule::kLastStep) {
        RunAt(instruction, executable.options.steps - 1);
      } else if (rule == RowRule::kFirstStep || instruction.one_batch) {
        RunAt(instruction, 0);
      } else {
        for (std::int64_t step = 0; step < instruction.steps; ++step) RunAt(instruction, step);
      }
    }
  }

  // The step for which an instruction runs in a round; none at the ends of the loop, which has one round more
  // than steps where something runs late.
  std::optional<std::int64_t> StepIn(Phase loop, std::int64_t round,
                                     const Instruction<T>& instruction) const {
    const std::int64_t last = executable.options.steps - 1;
    const std::int64_t passed = round - (instruction.late ? 1 : 0);
    if (passed < 0 || passed > last || instruction.skip) return std::nullopt;
    const std::int64_t step = loop == Phase::kStep ? passed : last - passed;
    const RowRule rule = instruction.node->op->row_rule;
    if ((rule == RowRule::kLastStep && step != last) || (rule == RowRule::kFirstStep && step != 0))
      return std::nullopt;
    return step;
  }

  void RunRound(Phase loop, std::int64_t round, std::int64_t sample) {
    auto& all = instructions[static_cast<size_t>(loop)];
    auto sweep = sweeps[static_cast<size_t>(loop)].begin();
    for (size_t i = 0; i < all.size();) {
      if (all[i].sweep < 0) {
        if (const auto step = StepIn(loop, round, all[i])) RunAt(all[i], *step, sample);
        ++i;
        continue;
      }
      size_t count = 0;
      bool any = false;
      for (; i + count < all.size() && all[i + count].sweep == all[i].sweep; ++count) {
        const auto step = StepIn(loop, round, all[i + count]);
        if (step) PointAt(all[i + count], *step, sample);
        sweep->Activate(count, step.has_value());
        any = any || step;
      }
      if (any) sweep->Run(threads);
      ++sweep;
      i += count;
    }
  }

  void RunLoop(Phase loop) {
    auto& all = instructions[static_cast<size_t>(loop)];
    for (const Instruction<T>& instruction : all) Clear(instruction);
    const bool late = std::any_of(all.begin(), all.end(), [](const auto& i) { return i.late; });
    const std::int64_t rounds = executable.options.steps + (late ? 1 : 0);
    const std::int64_t batch = executable.options.batch;
    const std::int64_t at_once = samples_at_once[static_cast<size_t>(loop)];
    for (std::int64_t sample = 0; sample < batch; sample += at_once) {
      TakeSamples(loop, std::min(at_once, batch - sample), sample == 0);
      for (std::int64_t round = 0; round < rounds; ++round) RunRound(loop, round, sample);
    }
  }

  // Some samples go through all steps before the next ones start. A sum over steps that is not one of samples is
  // there after the first of them.
  void TakeSamples(Phase loop, std::int64_t count, bool first) {
    for (Instruction<T>& instruction : instructions[static_cast<size_t>(loop)]) {
      if (instruction.rows_per_step > 1) {
        instruction.args.rows = count;
        instruction.origin.batch = count;
      } else if (instruction.node->op->row_rule == RowRule::kSum) {
        instruction.skip = !first && executable.options.batch > 1;
      }
    }
    for (Sweep<T>& sweep : sweeps[static_cast<size_t>(loop)]) sweep.SetSamples(count);
  }

  // A state's value at the end of a run lies one step behind the last.
  T* AtEnd(const State& state) const { return At(state.value, executable.options.steps); }
  std::int64_t StateSize(const State& state) const { return PlacementOf(state.value).slot_stride; }

  void FillInitial(const State& state, T* slot) const {
    const Node& node = graph.node(state.value);
    const std::int64_t row = node.shape.NumElements();
    if (!state.initial) {
      std::fill_n(slot, StateSize(state), static_cast<T>(state.initial_constant));
      return;
    }
    const T* initial = At(state.initial, 0);
    for (std::int64_t sample = 0; sample < executable.options.batch; ++sample) {
      std::copy_n(initial, row, slot + sample * row);
    }
  }

  void StartStates() {
    for (const State& state : graph.states) {
      if (state.adjoint) continue;
      T* first = At(state.value, 0);
      if (context.continue_states || state.kept) {
        if (AtEnd(state) != first) std::copy_n(AtEnd(state), StateSize(state), first);
      } else {
        FillInitial(state, first);
      }
    }
  }

  void StartCarries() {
    for (const State& state : graph.states) {
      if (!state.adjoint) continue;
      T* carry = At(state.value, executable.options.steps - 1);
      if (state.resumes) {
        std::copy_n(At(state.resumes, executable.options.steps), StateSize(state), carry);
      } else {
        std::fill_n(carry, StateSize(state), T{0});
      }
    }
  }

  void SetControls() {
    if (graph.first_window) *At(graph.first_window, 0) = context.continue_states ? T{0} : T{1};
    for (const Term& term : graph.terms) {
      if (term.seed) *At(term.seed, 0) = static_cast<T>(SeedOf(term));
    }
  }

  // d(mean over the batch of the total loss) / d(term of one sample).
  double SeedOf(const Term& term) const {
    double seed = term.scale * context.gradient_scale;
    if (graph.node(term.value).variance.sample) seed /= static_cast<double>(executable.options.batch);
    if (term.at == TermAt::kEveryStep) seed /= static_cast<double>(executable.options.steps);
    if (term.at == TermAt::kLastStep && !context.last_window) seed = 0;
    return seed;
  }

  const Executable& executable;
  const Graph& graph;
  ThreadPool& threads;
  Arena arena;
  T* base;
  RunContext context;
  std::array<std::vector<Instruction<T>>, kPhaseCount> instructions;
  std::array<std::vector<Sweep<T>>, kPhaseCount> sweeps;
  std::array<std::int64_t, kPhaseCount> samples_at_once{};
};

template <typename T>
Executor<T>::Executor(const Executable& executable, MemoryBudget& budget, ThreadPool& threads)
    : impl_(std::make_unique<Impl>(executable, budget, threads)) {
  ResetStates();
}

template <typename T>
Executor<T>::~Executor() = default;

template <typename T>
const Executable& Executor<T>::executable() const {
  return impl_->executable;
}

template <typename T>
std::span<T> Executor<T>::Parameter(Value parameter) {
  return {impl_->At(parameter, 0), static_cast<size_t>(impl_->graph.node(parameter).shape.NumElements())};
}

template <typename T>
std::span<T> Executor<T>::Gradient(size_t index) {
  const ParameterGradient& g = impl_->graph.gradients[index];
  if (!g.gradient) return {};
  return {impl_->At(g.gradient, 0), static_cast<size_t>(impl_->graph.node(g.gradient).shape.NumElements())};
}

template <typename T>
std::span<T> Executor<T>::GradientSum(size_t index) {
  return {
      impl_->base + impl_->executable.memory.gradient_sums[index],
      static_cast<size_t>(impl_->graph.node(impl_->graph.gradients[index].parameter).shape.NumElements())};
}

template <typename T>
std::span<T> Executor<T>::OptimizerSlot(size_t index, int slot) {
  return {
      impl_->base + impl_->executable.memory.optimizer[index][static_cast<size_t>(slot)],
      static_cast<size_t>(impl_->graph.node(impl_->graph.gradients[index].parameter).shape.NumElements())};
}

template <typename T>
std::span<T> Executor<T>::Input(Value input) {
  const Placement& placement = impl_->PlacementOf(input);
  return {impl_->At(input, 0), static_cast<size_t>(placement.slots * placement.slot_stride)};
}

template <typename T>
std::span<T> Executor<T>::StateAtEnd(size_t index) {
  const State& state = impl_->graph.states[index];
  return {impl_->AtEnd(state), static_cast<size_t>(impl_->StateSize(state))};
}

template <typename T>
void Executor<T>::ResetStates() {
  for (const State& state : impl_->graph.states) {
    if (!state.adjoint) impl_->FillInitial(state, impl_->AtEnd(state));
  }
}

template <typename T>
std::span<const T> Executor<T>::Output(Value value) {
  const Placement& placement = impl_->PlacementOf(value);
  const std::int64_t steps = impl_->graph.node(value).variance.step ? impl_->executable.options.steps : 1;
  return {impl_->At(value, 0), static_cast<size_t>(steps * placement.slot_stride)};
}

template <typename T>
void Executor<T>::Forward(const RunContext& context) {
  impl_->context = context;
  impl_->SetControls();
  impl_->StartStates();
  impl_->RunBatched(Phase::kOnce);
  impl_->RunBatched(Phase::kAhead);
  impl_->RunLoop(Phase::kStep);
  // Gradients that wait for no loop back run in this phase too; they are cheap beside the loops.
  impl_->RunBatched(Phase::kAfter);
}

template <typename T>
void Executor<T>::Backward(const RunContext& context) {
  impl_->context = context;
  impl_->StartCarries();
  impl_->RunLoop(Phase::kStepAdjoint);
  impl_->RunBatched(Phase::kAheadAdjoint);
  impl_->RunBatched(Phase::kOnceAdjoint);
}

template <typename T>
double Executor<T>::TermValue(size_t index, std::int64_t sample) const {
  const Term& term = impl_->graph.terms[index];
  const double value = impl_->At(term.value, 0)[sample * impl_->PlacementOf(term.value).row_stride];
  return term.at == TermAt::kEveryStep ? value / static_cast<double>(impl_->executable.options.steps) : value;
}

template class Executor<float>;
template class Executor<double>;

}  // namespace plgraph
