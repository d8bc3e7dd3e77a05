#include "graph/plan/loop_plan.h"

#include <algorithm>
#include <bit>
#include <set>

#include "core/checked_size.h"
#include "graph/ir/tuning.h"
#include "graph/plan/loop_order.h"
#include "graph/plan/placement.h"

namespace plgraph {
namespace {

std::int64_t Quotient(std::int64_t a, std::int64_t b) { return a / b + (a % b == 0 ? 0 : 1); }  // rounded up

// The samples of a group, of as few groups as can be, none of which has more than `most`.
std::int64_t EvenGroup(std::int64_t samples, std::int64_t most) {
  return Quotient(samples, Quotient(samples, most));
}

// The matrices over whose rows the members of a fused loop go, each once.
std::set<std::int32_t> MatricesOf(const Graph& graph, std::span<const ScheduledNode> members) {
  std::set<std::int32_t> matrices;
  const auto look_at = [&](Value value) {
    if (!graph.node(value).shape.IsMatrix()) return;
    for (const State& state : graph.states) {  // which has the memory of its next
      if (state.next == value) value = state.value;
    }
    matrices.insert(value.id);
  };
  for (const ScheduledNode& scheduled : members) {
    const Node& node = graph.node(scheduled.node);
    const RowUse use = RowUseOf(graph, node);
    if (use.result == RowUse::kEach) look_at(scheduled.node);
    for (size_t i = 0; i < node.operands.size(); ++i) {
      const bool rarely = static_cast<int>(i) == node.op->snapshot;
      if (use.operands[i] && !rarely) look_at(node.operands[i]);
    }
  }
  return matrices;
}

// Whether every node of a loop has an instance for each sample, so that no two sample groups would write the same
// number.
bool HasOnlySamples(const Graph& graph, std::span<const ScheduledNode> loop) {
  return std::all_of(loop.begin(), loop.end(), [&](const ScheduledNode& scheduled) {
    const Node& node = graph.node(scheduled.node);
    return node.variance.sample ||
           (node.op->instance_rule == InstanceRule::kSum &&
            std::any_of(node.operands.begin(), node.operands.end(),
                        [&](Value operand) { return operand && graph.node(operand).variance.sample; }));
  });
}

// Of one member of a fused loop.
std::int64_t RowSumElements(const Graph& graph, Value node, const LoopTiling& tiling, std::int64_t samples) {
  if (tiling.tiles == 1 || RowUseOf(graph, graph.node(node)).result != RowUse::kSum) return 0;
  return tiling.parts * (samples + 1) * WholeCacheLines(graph.node(node).shape.NumElements());
}

}  // namespace

std::vector<KernelCall> KernelCallsOf(const Graph& graph, std::span<const ScheduledNode> members) {
  std::vector<KernelCall> calls;
  for (size_t m = 0; m < members.size(); m += calls.back().count) {
    const Fusion* fusion = FindFusion(graph, members.subspan(m));
    calls.push_back({m, fusion == nullptr ? 1 : fusion->members.size(), fusion});
  }
  return calls;
}

LoopTiling TileLoop(const Graph& graph, std::span<const ScheduledNode> members,
                    std::span<const KernelCall> calls, const LoopSplit& split, DType dtype) {
  LoopTiling tiling;
  std::int64_t columns = 0;
  const std::set<std::int32_t> matrices = MatricesOf(graph, members);
  for (const std::int32_t id : matrices) {
    tiling.rows = graph.node(Value{id}).shape.dim(0);
    columns = std::max(columns, graph.node(Value{id}).shape.dim(1));  // a factor of each row has one
  }
  const std::int64_t row_bytes = columns * SizeOf(dtype) * std::ssize(matrices);
  const std::int64_t elements = tiling.rows * columns;
  const std::int64_t most_parts = std::clamp<std::int64_t>(
      std::min((CheckedSize(elements) * split.samples).value() / tuning::kPartElements,
               elements / tuning::kCallElements),
      1, split.groups > 1 ? 1 : tuning::kMaxParts);
  // A power of two is shared evenly by most numbers of threads.
  const auto parts = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(most_parts)));
  const std::int64_t part_rows = Quotient(tiling.rows, parts);
  // What a single kernel does for a single sample comes from memory once in any case.
  const bool once = split.samples == 1 && calls.size() == 1 && calls[0].fusion != nullptr;
  const std::int64_t tiles =  // of a part
      once ? 1 : Quotient(part_rows, std::max(tuning::kTileRows, tuning::kTileBytes / row_bytes));
  tiling.tile_rows = Quotient(part_rows, tiles);
  tiling.tiles = Quotient(tiling.rows, tiling.tile_rows);
  tiling.parts = std::min(parts, tiling.tiles);
  return tiling;
}

LoopSplit SplitLoop(const Graph& graph, std::span<const ScheduledNode> loop, const CompileOptions& options) {
  const std::int64_t batch = options.batch;
  // What joins the samples of a step needs all of them at that step.
  const bool joins = std::any_of(loop.begin(), loop.end(), [&](const ScheduledNode& scheduled) {
    const Node& node = graph.node(scheduled.node);
    return SumsEachStep(node) && !node.variance.sample;
  });
  if (joins) return {1, batch};
  CheckedSize sample_count;
  CheckedSize shared_count;
  for (const std::span<const ScheduledNode> members : FusedLoopsOf(loop)) {
    for (const std::int32_t id : MatricesOf(graph, members)) {
      const Node& node = graph.node(Value{id});
      (node.variance.sample ? sample_count : shared_count) += node.shape.NumElements();
    }
  }
  const std::int64_t sample_elements = sample_count.value();
  const std::int64_t sample_bytes = (sample_count * SizeOf(options.dtype)).value();
  const std::int64_t shared_bytes = (shared_count * SizeOf(options.dtype)).value();
  if (sample_bytes == 0 || sample_bytes > tuning::kSharedCacheBytes - shared_bytes) return {1, batch};
  if (sample_bytes > tuning::kCacheBytes) {
    return {1, EvenGroup(batch, (tuning::kSharedCacheBytes - shared_bytes) / sample_bytes)};
  }
  if (sample_bytes > tuning::kCoreCacheBytes - shared_bytes || !HasOnlySamples(graph, loop)) {
    return {1, EvenGroup(batch, tuning::kCacheBytes / sample_bytes)};
  }
  const std::int64_t most = (tuning::kCoreCacheBytes - shared_bytes) / sample_bytes;
  // In double: the product may be beyond every memory, which is said later.
  const double elements =
      static_cast<double>(batch) * static_cast<double>(sample_elements) * static_cast<double>(options.steps);
  const auto worth = static_cast<std::int64_t>(std::min(
      static_cast<double>(tuning::kEnoughGroups), elements / static_cast<double>(tuning::kGroupElements)));
  const std::int64_t groups = std::clamp<std::int64_t>(std::max(worth, Quotient(batch, most)), 1,
                                                       std::min(batch, tuning::kMaxGroups));
  return {groups, EvenGroup(Quotient(batch, groups), most)};
}

LoopPlan PlanLoop(const Graph& graph, std::span<const ScheduledNode> loop, const CompileOptions& options) {
  LoopPlan plan{.split = SplitLoop(graph, loop, options), .fused_loops = {}};
  for (const std::span<const ScheduledNode> members : FusedLoopsOf(loop)) {
    FusedLoopPlan fused_loop{.first = static_cast<size_t>(members.data() - loop.data()),
                             .count = members.size(),
                             .tiling = {},
                             .calls = KernelCallsOf(graph, members),
                             .row_sum_elements = {}};
    fused_loop.tiling = TileLoop(graph, members, fused_loop.calls, plan.split, options.dtype);
    for (const ScheduledNode& scheduled : members) {
      fused_loop.row_sum_elements.push_back(
          RowSumElements(graph, scheduled.node, fused_loop.tiling, plan.split.samples));
    }
    plan.fused_loops.push_back(std::move(fused_loop));
  }
  return plan;
}

}  // namespace plgraph
