#include "graph/plan/sum_memory.h"

#include "graph/plan/sum_totals.h"

namespace plgraph {
namespace {

// Where each part of a fused loop sums what its rows give.
void PlaceRowSums(const RunFacts& run, Phase loop, MemoryPlan& plan) {
  const LoopPlan& loop_plan = run.loops.of(loop);
  for (const FusedLoopPlan& fused_loop : loop_plan.fused_loops) {
    for (size_t m = 0; m < fused_loop.count; ++m) {
      const CheckedSize elements = fused_loop.row_sum_elements[m];
      if (elements.value() == 0) continue;
      const Value node = run.schedule.order(loop)[fused_loop.first + m].node;
      plan.row_sums[node] =
          plan.Append(WholeCacheLines(elements * loop_plan.split.groups), Section::kScratch);
    }
  }
}

// Where the sample groups sum over their samples.
void PlaceGroupSums(const RunFacts& run, Phase loop, MemoryPlan& plan) {
  const std::int64_t others = run.loops.of(loop).split.groups - 1;
  for (const ScheduledNode& scheduled : run.schedule.order(loop)) {
    const Node& node = run.graph.node(scheduled.node);
    if (others == 0 || node.op->instance_rule != InstanceRule::kSum || node.variance.sample) continue;
    const CheckedSize size = WholeCacheLines(node.shape.NumElements());
    plan.group_sums[scheduled.node] = plan.Append((size * others).value(), Section::kScratch);
  }
}

// Where sums over many steps are taken in double.
void PlaceTotals(const RunFacts& run, MemoryPlan& plan) {
  for (const auto& order : run.schedule.phases) {
    for (const ScheduledNode& scheduled : order) {
      const Node& node = run.graph.node(scheduled.node);
      const std::int64_t groups = IsLoop(node.phase) ? run.loops.of(node.phase).split.groups : 1;
      const CheckedSize size = TotalElements(node, scheduled, run.schedule, groups, run.options);
      if (size.value() == 0) continue;
      const std::int64_t stride = WholeCacheLines(size);
      plan.totals_stride[scheduled.node] = stride;
      plan.totals[scheduled.node] = plan.Append((CheckedSize(stride) * groups).value(), Section::kScratch);
    }
  }
}

}  // namespace

void PlaceSums(const RunFacts& run, MemoryPlan& plan) {
  for (const Phase loop : {Phase::kStep, Phase::kStepAdjoint}) PlaceRowSums(run, loop, plan);
  for (const Phase loop : {Phase::kStep, Phase::kStepAdjoint}) PlaceGroupSums(run, loop, plan);
  PlaceTotals(run, plan);
}

}  // namespace plgraph
