#include "graph/run/lane.h"

#include <algorithm>

#include "graph/plan/segments.h"
#include "graph/plan/sum_totals.h"

namespace plgraph {

template <typename T>
Lane<T>::Lane(const Executable& executable, Phase loop, std::int64_t lane, T* base, ThreadPool& threads)
    : executable_(&executable),
      loop_(loop),
      split_(executable.memory.split(loop)),
      first_(executable.options.batch * lane / split_.lanes),
      end_(executable.options.batch * (lane + 1) / split_.lanes),
      base_(base),
      threads_(&threads) {
  for (const Turn& turn : executable.schedule.turns(loop)) {
    Instruction<T>& instruction = instructions_.emplace_back(executable, turn);
    instruction.result.placement = instruction.result.placement.InLane(lane, first_);
    for (Place& operand : instruction.operands) operand.placement = operand.placement.InLane(lane, first_);
    const std::int64_t sums = executable.memory.lane_sums[static_cast<size_t>(turn.node.id)];
    if (lane > 0 && sums >= 0) {
      instruction.result.placement.offset = sums + (lane - 1) * LaneSumStride(instruction.result.row_size);
    }
    if (instruction.totals >= 0) {
      const std::int64_t size =
          TotalElements(*instruction.node, turn, executable.schedule, split_.lanes, executable.options);
      instruction.totals += lane * LaneSumStride(size);
    }
  }
  if (loop == Phase::kStepAdjoint && executable.memory.segment > 0) {
    for (const Value op : ReplayedOps(executable.graph)) {
      replayed_.emplace_back(executable, Turn{.node = op});
      asides_.push_back(executable.memory.asides[static_cast<size_t>(op.id)]);
    }
  }
  for (Instruction<T>& instruction : instructions_) instruction.Bind(threads);
  for (Instruction<T>& instruction : replayed_) instruction.Bind(threads);
  MakeSweeps(lane);
}

template <typename T>
void Lane<T>::MakeSweeps(std::int64_t lane) {
  const Graph& graph = executable_->graph;
  const std::vector<Turn>& turns = executable_->schedule.turns(loop_);
  for (const std::span<const Turn> members : SweepsOf(turns)) {
    const SweepTiling tiling = TileSweep(graph, members, split_, executable_->options.dtype);
    std::vector<T*> line_sums;
    for (const Turn& turn : members) {
      const std::int64_t offset = executable_->memory.line_sums[static_cast<size_t>(turn.node.id)];
      const std::int64_t own = lane * LineSumElements(graph, turn.node, tiling, split_.samples);
      line_sums.push_back(offset >= 0 ? base_ + offset + own : nullptr);
    }
    const std::span<Instruction<T>> own =
        std::span(instructions_).subspan(static_cast<size_t>(members.data() - turns.data()), members.size());
    sweeps_.emplace_back(graph, members, own, tiling, line_sums);
  }
}

template <typename T>
void Lane<T>::Run(const RunContext& context) {
  for (Instruction<T>& instruction : instructions_) instruction.Clear(base_);
  const bool late =
      std::any_of(instructions_.begin(), instructions_.end(), [](const auto& i) { return i.late; });
  const std::int64_t rounds = executable_->options.steps + (late ? 1 : 0);
  for (std::int64_t sample = first_; sample < end_; sample += split_.samples) {
    TakeSamples(sample, std::min(split_.samples, end_ - sample));
    for (std::int64_t round = 0; round < rounds; ++round) {
      if (!replayed_.empty()) ReplayFor(context, round, sample);
      RunRound(context, round, sample);
    }
  }
  for (const Instruction<T>& instruction : instructions_) instruction.TakeTotals(base_);
}

// Some samples go through all steps before the next ones start. A sum over steps that is not one of samples is
// there after the first of them.
template <typename T>
void Lane<T>::TakeSamples(std::int64_t first, std::int64_t count) {
  for (Instruction<T>& instruction : instructions_) {
    if (instruction.rows_per_step > 1) {
      instruction.args.rows = count;
      instruction.origin.batch = count;
    } else if (instruction.node->op->row_rule == RowRule::kSum) {
      instruction.skip = first > 0;
    }
  }
  for (Sweep<T>& sweep : sweeps_) sweep.SetSamples(count);
  for (Instruction<T>& instruction : replayed_) {
    instruction.args.rows = count;
    instruction.origin.batch = count;
  }
}

// When the loop back enters a segment, its traces are made anew. Those of the last segment are still there from
// the way there.
template <typename T>
void Lane<T>::ReplayFor(const RunContext& context, std::int64_t round, std::int64_t sample) {
  const MemoryPlan& memory = executable_->memory;
  const std::int64_t end = executable_->options.steps - round;  // behind the segment
  if (round == 0 || end <= 0 || end % memory.segment != 0) return;
  if (memory.stretch > 0 && end % memory.stretch == 0) return ReplayStretch(context, end, sample);
  Replay(context, end - memory.segment, end, sample);
}

template <typename T>
void Lane<T>::Replay(const RunContext& context, std::int64_t begin, std::int64_t end, std::int64_t sample) {
  for (std::int64_t step = begin; step < end; ++step) {
    for (Instruction<T>& instruction : replayed_) {
      if (instruction.result.placement.Lasts(step)) continue;
      instruction.PointAt(base_, context, step, sample);
      instruction.Run(clock_);
    }
  }
}

// Makes the snapshots of a stretch and its last segment, in the memory of those of the stretch behind it.
template <typename T>
void Lane<T>::ReplayStretch(const RunContext& context, std::int64_t end, std::int64_t sample) {
  const auto copy_late = [&](bool back) {
    for (size_t i = 0; i < replayed_.size(); ++i) {
      if (asides_[i] < 0) continue;
      const Instruction<T>& instruction = replayed_[i];
      T* const own = base_ + instruction.result.At(end, sample);
      T* const aside = base_ + asides_[i] + sample * instruction.result.placement.row_stride;
      std::copy_n(back ? aside : own, instruction.args.rows * instruction.result.row_size,
                  back ? own : aside);
    }
  };
  copy_late(false);
  Replay(context, end - executable_->memory.stretch, end, sample);
  copy_late(true);
}

// The step for which an instruction runs in a round; none at the ends of the loop, which has one round more
// than steps where something runs late.
template <typename T>
std::optional<std::int64_t> Lane<T>::StepIn(std::int64_t round, const Instruction<T>& instruction) const {
  const std::int64_t last = executable_->options.steps - 1;
  const std::int64_t passed = round - (instruction.late ? 1 : 0);
  if (passed < 0 || passed > last || instruction.skip) return std::nullopt;
  const std::int64_t step = loop_ == Phase::kStep ? passed : last - passed;
  const RowRule rule = instruction.node->op->row_rule;
  if ((rule == RowRule::kLastStep && step != last) || (rule == RowRule::kFirstStep && step != 0))
    return std::nullopt;
  return step;
}

template <typename T>
void Lane<T>::RunRound(const RunContext& context, std::int64_t round, std::int64_t sample) {
  auto sweep = sweeps_.begin();
  for (size_t i = 0; i < instructions_.size();) {
    Instruction<T>& first = instructions_[i];
    if (first.sweep < 0) {
      if (const auto step = StepIn(round, first)) {
        first.PointAt(base_, context, *step, sample);
        first.Run(clock_);
        first.CountRows(base_);
      }
      ++i;
      continue;
    }
    size_t count = 0;
    bool any = false;
    for (; i + count < instructions_.size() && instructions_[i + count].sweep == first.sweep; ++count) {
      const auto step = StepIn(round, instructions_[i + count]);
      if (step) instructions_[i + count].Count();
      sweep->SetStep(count, step);
      any = any || step;
    }
    if (any) {
      const Timer timer(clock_, first.spent());
      sweep->Run(base_, sample, *threads_);
      for (size_t k = i; k < i + count; ++k) {
        if (StepIn(round, instructions_[k])) instructions_[k].CountRows(base_);
      }
    }
    ++sweep;
    i += count;
  }
}

template <typename T>
void Lane<T>::SetClock(const Clock* clock) {
  clock_ = clock;
  counts_.assign(clock == nullptr ? 0 : instructions_.size(), {});
  for (size_t i = 0; i < instructions_.size(); ++i) {
    instructions_[i].profile = clock == nullptr ? nullptr : &counts_[i];
  }
}

template <typename T>
void Lane<T>::SetObserver(CallObserver<T>* observer) {
  for (Instruction<T>& instruction : instructions_) instruction.observer = observer;
  for (Instruction<T>& instruction : replayed_) instruction.observer = observer;
}

template <typename T>
void Lane<T>::TakeCounts(std::span<NodeProfile> total, std::int64_t at_once) {
  for (size_t i = 0; i < counts_.size(); ++i) {
    counts_[i].spent.seconds /= static_cast<double>(at_once);
    total[i] += counts_[i];
  }
  std::fill(counts_.begin(), counts_.end(), NodeProfile{});
}

template <typename T>
void Lane<T>::AddSumsOf(const Lane& other) {
  for (size_t i = 0; i < instructions_.size(); ++i) {
    const Placement& own = instructions_[i].result.placement;
    const Placement& others = other.instructions_[i].result.placement;
    if (own.offset == others.offset) continue;
    const std::int64_t size = own.slot_stride;
    for (std::int64_t k = 0; k < size; ++k) base_[own.offset + k] += base_[others.offset + k];
  }
}

template class Lane<float>;
template class Lane<double>;

}  // namespace plgraph
