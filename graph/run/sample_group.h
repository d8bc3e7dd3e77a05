#ifndef PLGRAPH_GRAPH_RUN_SAMPLE_GROUP_H_
#define PLGRAPH_GRAPH_RUN_SAMPLE_GROUP_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "graph/run/fused_loop.h"
#include "graph/run/instruction.h"

namespace plgraph {

/// Runs a loop for some samples of the batch. Sample groups share no samples and write no number that another one
/// reads, so they can run at the same time; how the batch is split into sample groups does not depend on the number
/// of threads.
template <typename T>
class SampleGroup {
 public:
  /// `threads`: for the work within a step. The executable must outlive the sample group.
  SampleGroup(const Executable& executable, Phase loop, std::int64_t group, T* base, ThreadPool& threads);

  void Run(const RunContext& context);
  /// Counts the calls of the nodes and their time; null: no more.
  void SetClock(const Clock* clock);
  /// Who sees the calls; null: nobody.
  void SetObserver(CallObserver<T>* observer);
  /// Adds what was counted since the last call, by scheduled node; `at_once`: how many sample groups run at the
  /// same time.
  void TakeCounts(std::span<NodeProfile> total, std::int64_t at_once);
  /// Adds the sums of another sample group to those of this one.
  void AddSumsOf(const SampleGroup& other);

 private:
  void MakeFusedLoops(std::int64_t group);
  void RecomputeFor(const RunContext& context, std::int64_t round, std::int64_t sample);
  void Recompute(const RunContext& context, std::int64_t begin, std::int64_t end, std::int64_t sample);
  void RecomputeOuterInterval(const RunContext& context, std::int64_t end, std::int64_t sample);
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
  std::vector<FusedLoop<T>> fused_loops_;
  std::vector<Instruction<T>> recomputed_;  // of the forward pass
  std::vector<std::int64_t> asides_;        // by recomputed_, as in MemoryPlan
  const Clock* clock_ = nullptr;
  std::vector<NodeProfile> counts_;  // by scheduled node; none without a clock
};

extern template class SampleGroup<float>;
extern template class SampleGroup<double>;

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_RUN_SAMPLE_GROUP_H_
