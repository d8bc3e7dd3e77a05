#include "graph/run/executor.h"

#include <algorithm>
#include <array>

#include "core/arena.h"
#include "core/checked_size.h"
#include "core/error.h"
#include "graph/run/sample_group.h"

namespace plgraph {

template <typename T>
struct Executor<T>::Impl {
  Impl(const Executable& e, MemoryBudget& budget, ThreadPool& pool)
      : executable(e),
        graph(e.graph),
        threads(pool),
        arena(budget, (CheckedSize(e.memory.size) * static_cast<std::int64_t>(sizeof(T))).value()),
        base(static_cast<T*>(arena.data())) {
    for (int p = 0; p < kPhaseCount; ++p) {
      const Phase phase = static_cast<Phase>(p);
      if (IsLoop(phase)) {
        MakeGroups(phase);
      } else {
        MakeInstructions(phase);
      }
    }
    if (graph.last_step) *At(graph.last_step, e.options.steps - 1) = T{1};
  }

  const Placement& PlacementOf(Value value) const { return executable.memory.placements[value]; }
  T* At(Value value, std::int64_t step) const { return base + PlacementOf(value).AtStep(step); }

  void MakeInstructions(Phase phase) {
    std::vector<Instruction<T>>& own = instructions[static_cast<size_t>(phase)];
    for (const ScheduledNode& scheduled : executable.schedule.order(phase))
      own.emplace_back(executable, scheduled);
    for (Instruction<T>& instruction : own) instruction.Bind(threads);
  }

  void MakeGroups(Phase loop) {
    const std::int64_t count = executable.loop(loop).split.groups;
    std::vector<SampleGroup<T>>& own = groups[static_cast<size_t>(loop)];
    for (std::int64_t group = 0; group < count; ++group) {
      own.emplace_back(executable, loop, group, base, count == 1 ? threads : one_thread);
    }
  }

  void RunAt(Instruction<T>& instruction, std::int64_t step) {
    instruction.PointAt(base, context, step, 0);
    instruction.Run(node_clock);
    instruction.CountInstances(base);
  }

  void RunBatched(Phase phase) {
    const std::span<Instruction<T>> all = instructions[static_cast<size_t>(phase)];
    for (size_t i = 0; i < all.size();) {
      const size_t end = EndOfGroup(all, i, &Instruction<T>::block);
      RunBlock(all.subspan(i, end - i));
      i = end;
    }
  }

  void RunBlock(std::span<Instruction<T>> members) {
    for (Instruction<T>& instruction : members) instruction.Clear(base);
    const int block = members.front().block;
    const std::int64_t steps = members.front().steps;
    const std::int64_t at_once =
        block < 0 ? steps : executable.schedule.block_steps[static_cast<size_t>(block)];
    for (std::int64_t step = 0; step < steps; step += at_once) {
      for (Instruction<T>& instruction : members)
        RunSteps(instruction, step, std::min(steps, step + at_once));
    }
    for (const Instruction<T>& instruction : members) instruction.TakeTotals(base);
  }

  void RunSteps(Instruction<T>& instruction, std::int64_t begin, std::int64_t end) {
    const InstanceRule rule = instruction.node->op->instance_rule;
    if (rule == InstanceRule::kLastStep) return RunAt(instruction, executable.options.steps - 1);
    if (rule == InstanceRule::kFirstStep) return RunAt(instruction, 0);
    if (instruction.one_batch) {
      instruction.args.instances = instruction.instances_per_step * (end - begin);
      return RunAt(instruction, begin);
    }
    for (std::int64_t step = begin; step < end; ++step) RunAt(instruction, step);
  }

  void Run(Phase phase) {
    const Timer timer(profile == nullptr ? nullptr : &profile->clock(),
                      profile == nullptr ? nullptr : &profile->phase(phase));
    if (!IsLoop(phase)) return RunBatched(phase);
    RunLoop(phase);
    if (node_clock == nullptr) return;
    std::vector<SampleGroup<T>>& own = groups[static_cast<size_t>(phase)];
    const auto at_once = std::min<std::int64_t>(std::ssize(own), threads.size());
    for (SampleGroup<T>& group : own) group.TakeCounts(profile->nodes(phase), at_once);
  }

  void SetProfile(Profile* p) {
    profile = p;
    node_clock = p != nullptr && p->has_nodes() ? &p->clock() : nullptr;
    for (int i = 0; i < kPhaseCount; ++i) {
      const size_t phase = static_cast<size_t>(i);
      for (SampleGroup<T>& group : groups[phase]) group.SetClock(node_clock);
      for (size_t n = 0; n < instructions[phase].size(); ++n) {
        instructions[phase][n].profile =
            node_clock == nullptr ? nullptr : &p->nodes(static_cast<Phase>(i))[n];
      }
    }
  }

  void SetObserver(CallObserver<T>* observer) {
    PLGRAPH_CHECK(observer == nullptr || (!executable.options.fused_loops && threads.size() == 1),
                  "only single calls in a fixed order can be observed");
    for (auto& phase : instructions) {
      for (Instruction<T>& instruction : phase) instruction.observer = observer;
    }
    for (auto& loop : groups) {
      for (SampleGroup<T>& group : loop) group.SetObserver(observer);
    }
  }

  void RunLoop(Phase loop) {
    std::vector<SampleGroup<T>>& own = groups[static_cast<size_t>(loop)];
    if (own.size() == 1) return own.front().Run(context);
    threads.For(std::ssize(own), 1, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t group = begin; group < end; ++group) own[static_cast<size_t>(group)].Run(context);
    });
    for (size_t group = 1; group < own.size(); ++group) own.front().AddSumsOf(own[group]);
  }

  // A state's value at the end of a run lies one step after the last.
  T* AtEnd(const State& state) const {
    return graph.node(state.value).variance.step ? At(state.value, executable.options.steps)
                                                 : At(state.next, 0);
  }
  std::int64_t StateSize(const State& state) const { return PlacementOf(state.value).slot_stride; }

  void FillInitial(const State& state, T* slot) const {
    const Node& node = graph.node(state.value);
    const std::int64_t size = node.shape.NumElements();
    if (!state.initial) {
      std::fill_n(slot, StateSize(state), static_cast<T>(state.initial_constant));
      return;
    }
    const T* initial = At(state.initial, 0);
    for (std::int64_t sample = 0; sample < executable.options.batch; ++sample) {
      std::copy_n(initial, size, slot + sample * size);
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

  void UpdateParameters() {
    for (const ParameterUpdate& update : graph.updates) {
      std::copy_n(At(update.next, 0), graph.node(update.parameter).shape.NumElements(),
                  At(update.parameter, 0));
    }
  }

  void SetControls() {
    if (graph.first_window) *At(graph.first_window, 0) = context.continue_states ? T{0} : T{1};
    if (graph.first_run) *At(graph.first_run, 0) = context.StartsTraining() ? T{1} : T{0};
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
  Profile* profile = nullptr;
  const Clock* node_clock = nullptr;  // null: only phases are counted, or nothing
  ThreadPool one_thread{1};
  std::array<std::vector<Instruction<T>>, kPhaseCount> instructions;  // of the phases that are not loops
  std::array<std::vector<SampleGroup<T>>, kPhaseCount> groups;        // of the loops
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
std::span<const T> Executor<T>::Output(Value value) const {
  const Placement& placement = impl_->PlacementOf(value);
  const std::int64_t steps = impl_->graph.node(value).variance.step ? impl_->executable.options.steps : 1;
  return {impl_->At(value, 0), static_cast<size_t>(steps * placement.slot_stride)};
}

template <typename T>
void Executor<T>::SetProfile(Profile* profile) {
  impl_->SetProfile(profile);
}

template <typename T>
void Executor<T>::SetObserver(CallObserver<T>* observer) {
  impl_->SetObserver(observer);
}

template <typename T>
void Executor<T>::Forward(const RunContext& context) {
  impl_->context = context;
  impl_->SetControls();
  impl_->StartStates();
  impl_->Run(Phase::kOnce);
  impl_->Run(Phase::kAhead);
  impl_->Run(Phase::kStep);
  // Gradients that do not wait for a backward loop run in this phase too; they are cheap beside the loops.
  impl_->Run(Phase::kAfter);
}

template <typename T>
void Executor<T>::Backward(const RunContext& context) {
  impl_->context = context;
  impl_->StartCarries();
  impl_->Run(Phase::kStepAdjoint);
  impl_->Run(Phase::kAheadAdjoint);
  impl_->Run(Phase::kOnceAdjoint);
  impl_->UpdateParameters();
}

template <typename T>
double Executor<T>::TermValue(size_t index, std::int64_t sample) const {
  const Term& term = impl_->graph.terms[index];
  const double value = impl_->At(term.value, 0)[sample * impl_->PlacementOf(term.value).instance_stride];
  return term.at == TermAt::kEveryStep ? value / static_cast<double>(impl_->executable.options.steps) : value;
}

template class Executor<float>;
template class Executor<double>;

}  // namespace plgraph
