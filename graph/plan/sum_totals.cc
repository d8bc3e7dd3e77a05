#include "graph/plan/sum_totals.h"

#include "core/checked_size.h"

namespace plgraph {
namespace {

// A loss or a metric at every step is a small sum for each sample.
bool IsSmall(const Node& node) {
  return node.variance.sample && node.shape.NumElements() <= tuning::kSmallSumElements;
}

// Up to so many instances a sum has no totals.
std::int64_t MostInstancesWithout(const Node& node) {
  return IsSmall(node) ? SumBlockInstances(node) : tuning::kMostInstancesWithoutTotals;
}

// How many terms are added to an element of the sum one call after the other. What a single call adds, its kernel adds
// with care.
std::int64_t Terms(const Node& node, const ScheduledNode& scheduled, const Schedule& schedule,
                   std::int64_t groups, const CompileOptions& options) {
  const std::int64_t samples = node.variance.sample ? 1 : (options.batch + groups - 1) / groups;
  if (IsLoop(node.phase)) return (CheckedSize(options.steps) * samples).value();
  if (node.variance.sample) return options.steps;
  if (scheduled.block < 0) return 1;
  const std::int64_t at_once = schedule.block_steps[static_cast<size_t>(scheduled.block)];
  return (options.steps + at_once - 1) / at_once;
}

}  // namespace

std::int64_t SumBlockInstances(const Node& node) {
  return IsSmall(node) ? tuning::kSmallSumBlockInstances : tuning::kSumBlockInstances;
}

std::int64_t TotalElements(const Node& node, const ScheduledNode& scheduled, const Schedule& schedule,
                           std::int64_t groups, const CompileOptions& options) {
  if (node.op->instance_rule != InstanceRule::kSum || SumsEachStep(node)) return 0;
  if (Terms(node, scheduled, schedule, groups, options) <= MostInstancesWithout(node)) return 0;
  const CheckedSize instances = node.variance.sample ? options.batch : 1;
  const CheckedSize doubles = instances * node.shape.NumElements();
  return (doubles * (SizeOf(DType::kDouble) / SizeOf(options.dtype))).value();
}

}  // namespace plgraph
