#ifndef PLGRAPH_GRAPH_RUN_FUSED_LOOP_H_
#define PLGRAPH_GRAPH_RUN_FUSED_LOOP_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "graph/plan/loop_plan.h"
#include "graph/run/instruction.h"

namespace plgraph {

/// Calls the kernels of the members of a fused loop tile by tile; one kernel for several members where there is
/// one. A part finds the numbers of a step by itself: what one thread writes for another to read comes as late as a
/// tile takes.
template <typename T>
class FusedLoop {
 public:
  /// `row_sums[i]`: of member i; null where it needs none. The instructions of the members must outlive the fused
  /// loop.
  FusedLoop(const Graph& graph, const FusedLoopPlan& plan, std::span<const Instruction<T>> members,
            std::span<T* const> row_sums);

  /// Of how many samples the instructions have instances.
  void SetSamples(std::int64_t samples) { samples_ = samples; }
  /// The step for which the next Run runs a member; none: it does not.
  void SetStep(size_t member, std::optional<std::int64_t> step) { steps_at_[member] = step.value_or(-1); }
  /// From a sample on; `base`: the start of the arena.
  void Run(T* base, std::int64_t first_sample, ThreadPool& threads);

 private:
  static constexpr size_t kMaxOperands = 8;
  enum TileKind { kWhole, kRest };  // the last tile may have fewer rows

  struct Member {
    const Instruction<T>* instruction = nullptr;
    bool sums = false;                                      // the result is a sum over the rows
    T* row_sums = nullptr;                                  // null: into the result
    std::int64_t result_row = 0;                            // elements from row to row; 0 for a sum
    std::array<std::int64_t, kMaxOperands> operand_rows{};  // 0: no rows
    std::array<Shape, 2> result_shapes;                     // by TileKind
    std::vector<std::array<Shape, 2>> operand_shapes;
  };
  using Operands = std::array<OperandInstances<T>, kMaxOperands>;
  // Where the numbers of a step begin: its first sample, its first row.
  struct Start {
    std::array<const T*, kMaxOperands> operands{};
    T* result = nullptr;
  };
  // What a part is about to do.
  struct Position {
    std::int64_t part = 0;
    std::int64_t tile = 0;
    std::int64_t sample = 0;
    bool first_tile = false;  // of the part
  };

  static Member MakeMember(const Graph& graph, const Instruction<T>& instruction, const LoopTiling& tiling);
  void MakeArguments();
  void RunPart(std::int64_t part);
  void Prepare(std::int64_t part);
  void Find(size_t member, std::int64_t part);
  void RunCall(const KernelCall& call, const Position& at);
  void PointAt(size_t member, const Position& at);
  void AddTile(size_t member, const Position& at);
  bool IsActive(size_t member) const { return steps_at_[member] >= 0; }
  size_t CallOf(size_t member, std::int64_t part) const {
    return static_cast<size_t>(part) * members_.size() + member;
  }
  T* SumOf(const Member& member, std::int64_t part, std::int64_t sample) const;
  void Join(std::int64_t part, std::int64_t other);
  void JoinRun(std::int64_t first, std::int64_t part);
  void JoinRest();
  std::int64_t FirstTile(std::int64_t part) const { return tiling_.tiles * part / tiling_.parts; }

  LoopTiling tiling_;
  std::vector<KernelCall> calls_;
  T* base_ = nullptr;
  std::int64_t first_sample_ = 0;
  std::int64_t samples_ = 1;
  std::vector<std::int64_t> steps_at_;  // [member], of the round; -1: it does not run
  std::vector<std::int64_t> joined_;    // [part], of how many parts from this one on it holds the sums
  std::vector<Member> members_;
  // [part][member]
  std::vector<Start> starts_;
  std::vector<Operands> operands_;  // of the tile at hand; the arguments point into them
  std::vector<KernelArgs<T>> args_;
  std::unique_ptr<ThreadPool> serial_ = std::make_unique<ThreadPool>(1);
};

extern template class FusedLoop<float>;
extern template class FusedLoop<double>;

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_RUN_FUSED_LOOP_H_
