#ifndef PLGRAPH_GRAPH_RUN_SWEEP_H_
#define PLGRAPH_GRAPH_RUN_SWEEP_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "graph/compile.h"
#include "graph/plan/fusion.h"
#include "graph/plan/schedule.h"
#include "graph/run/instruction.h"

namespace plgraph {

/// How a sweep goes over the lines of its matrices: tile by tile, all samples and all members on one tile, so
/// that a tile's numbers come from memory once. Parts of consecutive tiles are shared among the threads; how
/// many parts there are does not depend on the number of threads, so that every sum has one order.
struct SweepTiling {
  std::int64_t lines = 0;
  std::int64_t tile_lines = 0;  ///< of each tile but the last
  std::int64_t tiles = 0;
  std::int64_t parts = 0;
};

/// `members`: the turns of one sweep.
SweepTiling TileSweep(const Graph& graph, std::span<const Turn> members, const LoopSplit& split, DType dtype);

/// Samples whose matrices fit the cache of a core go through all steps together, in lanes that need nothing of each
/// other. Where the matrices are larger, the threads share the lines of the matrices, and as many samples go through
/// all steps together as fit the cache that the cores share; all, so that they share the reads of what has no
/// samples, where not even one would fit.
LoopSplit SplitLoop(const Graph& graph, std::span<const Turn> loop, const CompileOptions& options);

/// Elements that the line sums of a node take (MemoryPlan::line_sums): for each part, one sum a sample and one
/// for the tile at hand. 0: the result itself will do.
std::int64_t LineSumElements(const Graph& graph, Value node, const SweepTiling& tiling, std::int64_t samples);

/// Calls the kernels of the members of a sweep tile by tile; one kernel for several members where there is one. A part
/// finds the numbers of a step by itself: what one thread writes for another to read comes as late as a tile takes.
template <typename T>
class Sweep {
 public:
  /// `line_sums[i]`: of member i; null where it needs none. The instructions, those of `turns`, must outlive the
  /// sweep.
  Sweep(const Graph& graph, std::span<const Turn> turns, std::span<const Instruction<T>> members,
        const SweepTiling& tiling, std::span<T* const> line_sums);

  /// Of how many samples the instructions have rows.
  void SetSamples(std::int64_t samples) { samples_ = samples; }
  /// The step for which the next Run runs a member; none: it does not.
  void SetStep(size_t member, std::optional<std::int64_t> step) { steps_at_[member] = step.value_or(-1); }
  /// From a sample on; `base`: the start of the arena.
  void Run(T* base, std::int64_t first_sample, ThreadPool& threads);

 private:
  static constexpr size_t kMaxOperands = 8;
  enum TileKind { kWhole, kRest };  // the last tile may have fewer lines

  struct Member {
    const Instruction<T>* instruction = nullptr;
    bool sums = false;                                       // the result is a sum over the lines
    T* line_sums = nullptr;                                  // null: into the result
    std::int64_t result_line = 0;                            // elements from line to line; 0 for a sum
    std::array<std::int64_t, kMaxOperands> operand_lines{};  // 0: no lines
    std::array<Shape, 2> result_shapes;                      // by TileKind
    std::vector<std::array<Shape, 2>> operand_shapes;
  };
  using Operands = std::array<OperandRows<T>, kMaxOperands>;
  // Where the numbers of a step begin: its first sample, its first line.
  struct Start {
    std::array<const T*, kMaxOperands> operands{};
    T* result = nullptr;
  };
  // Consecutive members that one kernel does.
  struct Step {
    size_t first = 0;
    size_t count = 1;
    const Fusion* fusion = nullptr;  // null: the kernel of the one member
  };
  // What a part is about to do.
  struct Position {
    std::int64_t part = 0;
    std::int64_t tile = 0;
    std::int64_t sample = 0;
    bool first_tile = false;  // of the part
  };

  static Member MakeMember(const Graph& graph, const Instruction<T>& instruction, const SweepTiling& tiling);
  void MakeArguments();
  void RunPart(std::int64_t part);
  void Prepare(std::int64_t part);
  void Find(size_t member, std::int64_t part);
  void RunStep(const Step& step, const Position& at);
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

  SweepTiling tiling_;
  T* base_ = nullptr;
  std::int64_t first_sample_ = 0;
  std::int64_t samples_ = 1;
  std::vector<std::int64_t> steps_at_;  // [member], of the round; -1: it does not run
  std::vector<std::int64_t> joined_;    // [part], of how many parts from this one on it holds the sums
  std::vector<Member> members_;
  std::vector<Step> steps_;
  // [part][member]
  std::vector<Start> starts_;
  std::vector<Operands> operands_;  // of the tile at hand; the arguments point into them
  std::vector<KernelArgs<T>> args_;
  std::unique_ptr<ThreadPool> serial_ = std::make_unique<ThreadPool>(1);
};

extern template class Sweep<float>;
extern template class Sweep<double>;

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_RUN_SWEEP_H_
