#include "graph/run/sample_group.h"

#include <algorithm>

#include "graph/plan/checkpoint_intervals.h"
#include "graph/plan/sum_totals.h"

namespace plgraph {

template <typename T>
SampleGroup<T>::SampleGroup(const Executable& executable, Phase loop, std::int64_t group, T* base,
                            ThreadPool& threads)
    : executable_(&executable),
      loop_(loop),
      split_(executable.loop(loop).split),
      first_(executable.options.batch * group / split_.groups),
      end_(executable.options.batch * (group + 1) / split_.groups),
      base_(base),
      threads_(&threads) {
  for (const ScheduledNode& scheduled : executable.schedule.order(loop)) {
    Instruction<T>& instruction = instructions_.emplace_back(executable, scheduled);
    instruction.result.placement = instruction.result.placement.InGroup(group, first_);
    for (Place& operand : instruction.operands) operand.placement = operand.placement.InGroup(group, first_);
    const std::int64_t sums = executable.memory.group_sums[scheduled.node];
    if (group > 0 && sums >= 0) {
      instruction.result.placement.offset =
          sums + (group - 1) * WholeCacheLines(instruction.result.instance_size);
    }
    if (instruction.totals >= 0) {
      instruction.totals += group * executable.memory.totals_stride[scheduled.node];
    }
  }
  if (loop == Phase::kStepAdjoint && executable.memory.interval > 0) {
    for (const Value op : RecomputedOps(executable.graph)) {
      recomputed_.emplace_back(executable, ScheduledNode{.node = op});
      asides_.push_back(executable.memory.asides[op]);
    }
  }
  for (Instruction<T>& instruction : instructions_) instruction.Bind(threads);
  for (Instruction<T>& instruction : recomputed_) instruction.Bind(threads);
  MakeFusedLoops(group);
}

template <typename T>
void SampleGroup<T>::MakeFusedLoops(std::int64_t group) {
  for (const FusedLoopPlan& plan : executable_->loop(loop_).fused_loops) {
    const std::span<Instruction<T>> members = std::span(instructions_).subspan(plan.first, plan.count);
    const std::span<const ScheduledNode> order =
        std::span(executable_->schedule.order(loop_)).subspan(plan.first, plan.count);
    std::vector<T*> row_sums;
    for (size_t m = 0; m < plan.count; ++m) {
      const std::int64_t offset = executable_->memory.row_sums[order[m].node];
      row_sums.push_back(offset >= 0 ? base_ + offset + group * plan.row_sum_elements[m] : nullptr);
    }
    fused_loops_.emplace_back(executable_->graph, plan, members, row_sums);
  }
}

template <typename T>
void SampleGroup<T>::Run(const RunContext& context) {
  for (Instruction<T>& instruction : instructions_) instruction.Clear(base_);
  const bool pipelined =
      std::any_of(instructions_.begin(), instructions_.end(), [](const auto& i) { return i.pipelined; });
  const std::int64_t rounds = executable_->options.steps + (pipelined ? 1 : 0);
  for (std::int64_t sample = first_; sample < end_; sample += split_.samples) {
    TakeSamples(sample, std::min(split_.samples, end_ - sample));
    for (std::int64_t round = 0; round < rounds; ++round) {
      if (!recomputed_.empty()) RecomputeFor(context, round, sample);
      RunRound(context, round, sample);
    }
  }
  for (const Instruction<T>& instruction : instructions_) instruction.TakeTotals(base_);
}

// Some samples go through all steps before the next ones start. A sum over steps that is not one of samples is
// there after the first of them.
template <typename T>
void SampleGroup<T>::TakeSamples(std::int64_t first, std::int64_t count) {
  for (Instruction<T>& instruction : instructions_) {
    if (instruction.instances_per_step > 1) {
      instruction.args.instances = count;
      instruction.origin.batch = count;
    } else if (instruction.node->op->instance_rule == InstanceRule::kSum) {
      instruction.skip = first > 0;
    }
  }
  for (FusedLoop<T>& fused_loop : fused_loops_) fused_loop.SetSamples(count);
  for (Instruction<T>& instruction : recomputed_) {
    instruction.args.instances = count;
    instruction.origin.batch = count;
  }
}

// When the backward loop enters a checkpoint interval, its traces are recomputed. Those of the last checkpoint
// interval are still there from the forward pass.
template <typename T>
void SampleGroup<T>::RecomputeFor(const RunContext& context, std::int64_t round, std::int64_t sample) {
  const MemoryPlan& memory = executable_->memory;
  const std::int64_t end = executable_->options.steps - round;  // after the checkpoint interval
  if (round == 0 || end <= 0 || end % memory.interval != 0) return;
  if (memory.outer_interval > 0 && end % memory.outer_interval == 0)
    return RecomputeOuterInterval(context, end, sample);
  Recompute(context, end - memory.interval, end, sample);
}

template <typename T>
void SampleGroup<T>::Recompute(const RunContext& context, std::int64_t begin, std::int64_t end,
                               std::int64_t sample) {
  for (std::int64_t step = begin; step < end; ++step) {
    for (Instruction<T>& instruction : recomputed_) {
      if (instruction.result.placement.Lasts(step)) continue;
      instruction.PointAt(base_, context, step, sample);
      instruction.Run(clock_);
    }
  }
}

// Makes the snapshots of an outer interval and its last checkpoint interval, in the memory of those of the outer
// interval after it.
template <typename T>
void SampleGroup<T>::RecomputeOuterInterval(const RunContext& context, std::int64_t end,
                                            std::int64_t sample) {
  const auto copy_pipelined = [&](bool back) {
    for (size_t i = 0; i < recomputed_.size(); ++i) {
      if (asides_[i] < 0) continue;
      const Instruction<T>& instruction = recomputed_[i];
      T* const own = base_ + instruction.result.At(end, sample);
      T* const aside = base_ + asides_[i] + sample * instruction.result.placement.instance_stride;
      std::copy_n(back ? aside : own, instruction.args.instances * instruction.result.instance_size,
                  back ? own : aside);
    }
  };
  copy_pipelined(false);
  Recompute(context, end - executable_->memory.outer_interval, end, sample);
  copy_pipelined(true);
}

// The step for which an instruction runs in a round; none at the ends of the loop, which has one round more
// than steps where something is pipelined.
template <typename T>
std::optional<std::int64_t> SampleGroup<T>::StepIn(std::int64_t round,
                                                   const Instruction<T>& instruction) const {
  const std::int64_t last = executable_->options.steps - 1;
  const std::int64_t passed = round - (instruction.pipelined ? 1 : 0);
  if (passed < 0 || passed > last || instruction.skip) return std::nullopt;
  const std::int64_t step = loop_ == Phase::kStep ? passed : last - passed;
  const InstanceRule rule = instruction.node->op->instance_rule;
  if ((rule == InstanceRule::kLastStep && step != last) || (rule == InstanceRule::kFirstStep && step != 0))
    return std::nullopt;
  return step;
}

template <typename T>
void SampleGroup<T>::RunRound(const RunContext& context, std::int64_t round, std::int64_t sample) {
  auto fused_loop = fused_loops_.begin();
  for (size_t i = 0; i < instructions_.size();) {
    Instruction<T>& first = instructions_[i];
    if (first.fused_loop < 0) {
      if (const auto step = StepIn(round, first)) {
        first.PointAt(base_, context, *step, sample);
        first.Run(clock_);
        first.CountInstances(base_);
      }
      ++i;
      continue;
    }
    size_t count = 0;
    bool any = false;
    for (; i + count < instructions_.size() && instructions_[i + count].fused_loop == first.fused_loop;
         ++count) {
      const auto step = StepIn(round, instructions_[i + count]);
      if (step) instructions_[i + count].Count();
      fused_loop->SetStep(count, step);
      any = any || step;
    }
    if (any) {
      const Timer timer(clock_, first.spent());
      fused_loop->Run(base_, sample, *threads_);
      for (size_t k = i; k < i + count; ++k) {
        if (StepIn(round, instructions_[k])) instructions_[k].CountInstances(base_);
      }
    }
    ++fused_loop;
    i += count;
  }
}

template <typename T>
void SampleGroup<T>::SetClock(const Clock* clock) {
  clock_ = clock;
  counts_.assign(clock == nullptr ? 0 : instructions_.size(), {});
  for (size_t i = 0; i < instructions_.size(); ++i) {
    instructions_[i].profile = clock == nullptr ? nullptr : &counts_[i];
  }
}

template <typename T>
void SampleGroup<T>::SetObserver(CallObserver<T>* observer) {
  for (Instruction<T>& instruction : instructions_) instruction.observer = observer;
  for (Instruction<T>& instruction : recomputed_) instruction.observer = observer;
}

template <typename T>
void SampleGroup<T>::TakeCounts(std::span<NodeProfile> total, std::int64_t at_once) {
  for (size_t i = 0; i < counts_.size(); ++i) {
    counts_[i].spent.seconds /= static_cast<double>(at_once);
    total[i] += counts_[i];
  }
  std::fill(counts_.begin(), counts_.end(), NodeProfile{});
}

template <typename T>
void SampleGroup<T>::AddSumsOf(const SampleGroup& other) {
  for (size_t i = 0; i < instructions_.size(); ++i) {
    const Placement& own = instructions_[i].result.placement;
    const Placement& others = other.instructions_[i].result.placement;
    if (own.offset == others.offset) continue;
    const std::int64_t size = own.slot_stride;
    for (std::int64_t k = 0; k < size; ++k) base_[own.offset + k] += base_[others.offset + k];
  }
}

template class SampleGroup<float>;
template class SampleGroup<double>;

}  // namespace plgraph
