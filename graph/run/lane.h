#ifndef PLGRAPH_GRAPH_RUN_LANE_H_
#define PLGRAPH_GRAPH_RUN_LANE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "graph/run/instruction.h"
#include "graph/run/sweep.h"

namespace plgraph {

/// Runs a loop for some samples of the batch. Lanes share no samples and write no number that another one reads,
/// so they can run at the same time; how the batch is split into lanes does not depend on the number of threads.
template <typename T>
class Lane {
 public:
  /// `threads`: for the work within a step. The executable must outlive the lane.
  Lane(const Executable& executable, Phase loop, std::int64_t lane, T* base, ThreadPool& threads);

  void Run(const RunContext& context);
  /// Counts the calls of the nodes and their time; null: no more.
  void SetClock(const Clock* clock);
  /// Who sees the calls; null: nobody.
  void SetObserver(CallObserver<T>* observer);
  /// Adds what was counted since the last call, by turn; `at_once`: how many lanes run at the same time.
  void TakeCounts(std::span<NodeProfile> total, std::int64_t at_once);
  /// Adds the sums of another lane to those of this one.
  void AddSumsOf(const Lane& other);

 private:
  void MakeSweeps(std::int64_t lane);
  void ReplayFor(const RunContext& context, std::int64_t round, std::int64_t sample);
  void Replay(const RunContext& context, std::int64_t begin, std::int64_t end, std::int64_t sample);
  void ReplayStretch(const RunContext& context, std::int64_t end, std::int64_t sample);
  void TakeSamples(std::int64_t first, std::int64_t count);
  std::optional<std::int64_t> StepIn(std::int64_t round, const Instruction<T>& instruction) const;
  void RunRound(const RunContext& context, std::int64_t round, std::int64_t sample);

  const Executable* executable_;
  Phase loop_;
  LoopSplit split_;
  std::int64_t first_;  // sample
  std::int64_t end_;
  T* base_;
  ThreadPool* threads_;
  std::vector<Instruction<T>> instructions_;
  std::vector<Sweep<T>> sweeps_;
  std::vector<Instruction<T>> replayed_;  // of the way there
  std::vector<std::int64_t> asides_;      // by replayed_, as in MemoryPlan
  const Clock* clock_ = nullptr;
  std::vector<NodeProfile> counts_;  // by turn; none without a clock
};

extern template class Lane<float>;
extern template class Lane<double>;

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_RUN_LANE_H_
