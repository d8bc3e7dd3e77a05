#ifndef PLGRAPH_GRAPH_SWEEP_H_
#define PLGRAPH_GRAPH_SWEEP_H_

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "graph/compile.h"
#include "graph/fusion.h"
#include "graph/instruction.h"
#include "graph/schedule.h"

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
/// other. Where the matrices are larger, the threads share the lines of the matrices.
LoopSplit SplitLoop(const Graph& graph, std::span<const Turn> loop, const CompileOptions& options);

/// Elements that the line sums of a node take (MemoryPlan::line_sums): for each part, one sum a sample and one
/// for the tile at hand. 0: the result itself will do.
std::int64_t LineSumElements(const Graph& graph, Value node, const SweepTiling& tiling, std::int64_t samples);

/// Calls the kernels of the members of a sweep tile by tile; one kernel for several members where there is one.
template <typename T>
class Sweep {
 public:
  /// `line_sums[i]`: of member i; null where it needs none. The instructions, those of `turns`, must outlive the
  /// sweep.
  Sweep(const Graph& graph, std::span<const Turn> turns, std::span<Instruction<T>> members,
        const SweepTiling& tiling, std::span<T* const> line_sums);

  /// Of how many samples the instructions have rows.
  void SetSamples(std::int64_t samples) { samples_ = samples; }
  /// Whether the next Run runs a member; its instruction must then point at the step it runs for.
  void Activate(size_t member, bool active) { members_[member].active = active; }
  void Run(ThreadPool& threads);

 private:
  static constexpr size_t kMaxOperands = 8;
  enum TileKind { kWhole, kRest };  // the last tile may have fewer lines

  struct Member {
    Instruction<T>* instruction = nullptr;
    bool sums = false;                                       // the result is a sum over the lines
    T* line_sums = nullptr;                                  // null: into the result
    std::int64_t result_line = 0;                            // elements from line to line; 0 for a sum
    std::array<std::int64_t, kMaxOperands> operand_lines{};  // 0: no lines
    std::array<Shape, 2> result_shapes;                      // by TileKind
    std::vector<std::array<Shape, 2>> operand_shapes;
    bool active = false;
  };
  using Operands = std::array<OperandRows<T>, kMaxOperands>;
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

  static Member MakeMember(const Graph& graph, Instruction<T>& instruction, const SweepTiling& tiling);
  void RunPart(std::int64_t part);
  void Prepare(std::int64_t part);
  void RunStep(const Step& step, const Position& at);
  void PointAt(size_t member, const Position& at);
  void AddTile(size_t member, const Position& at);
  size_t CallOf(size_t member, std::int64_t part) const {
    return static_cast<size_t>(part) * members_.size() + member;
  }
  T* SumOf(const Member& member, std::int64_t part, std::int64_t sample) const;
  void AddParts(const Member& member) const;
  std::int64_t FirstTile(std::int64_t part) const { return tiling_.tiles * part / tiling_.parts; }

  SweepTiling tiling_;
  std::int64_t samples_ = 1;
  std::vector<Member> members_;
  std::vector<Step> steps_;
  std::vector<Operands> operands_;   // [part][member], which the arguments point into
  std::vector<KernelArgs<T>> args_;  // [part][member]
  std::unique_ptr<ThreadPool> serial_ = std::make_unique<ThreadPool>(1);
};

extern template class Sweep<float>;
extern template class Sweep<double>;

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_SWEEP_H_
