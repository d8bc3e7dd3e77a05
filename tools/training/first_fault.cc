#include "tools/training/first_fault.h"

#include <algorithm>
#include <span>

#include "graph/ir/reach.h"
#include "tools/training/not_finite.h"

namespace plgraph {
namespace {

NumberRange RangeOf(std::span<const float> values) {
  NumberRange range;
  for (const float value : values) {
    if (value < range.low) range.low = value;
    if (value > range.high) range.high = value;
  }
  return range;
}

NumberRange Joined(const NumberRange& a, const NumberRange& b) {
  return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

// One range for all rows where all rows share the operand.
std::vector<NumberRange> RangesOf(const OperandRows<float>& operand, std::int64_t rows) {
  std::vector<NumberRange> ranges;
  if (!operand) return {NumberRange{}};
  for (std::int64_t row = 0; row < (operand.row_stride == 0 ? 1 : rows); ++row) {
    ranges.push_back(RangeOf({operand.Row(row), static_cast<size_t>(operand.size())}));
  }
  return ranges;
}

// Of the row, or of all that a sum over the rows is made of.
NumberRange RangeFor(const std::vector<NumberRange>& rows, std::int64_t row, bool sum) {
  if (rows.size() == 1) return rows.front();
  if (!sum) return rows[static_cast<size_t>(row)];
  NumberRange range;
  for (const NumberRange& other : rows) range = Joined(range, other);
  return range;
}

}  // namespace

NodeMap<bool> LeadsToTraining(const Graph& graph) {
  std::vector<Value> targets;
  for (const Term& term : graph.terms) {
    if (term.is_loss) targets.push_back(term.value);
  }
  for (const ParameterGradient& g : graph.gradients) {
    if (g.gradient) targets.push_back(g.gradient);
  }
  return LeadsToInTime(graph, std::move(targets));
}

FirstFault::FirstFault(const Graph& graph) {
  const NodeMap<bool> leads = LeadsToTraining(graph);
  for (int id = 0; id < graph.size(); ++id) {
    if (leads[Value{id}]) looked_at_.insert(&graph.node(Value{id}));
  }
}

void FirstFault::Before(const Node& node, const KernelArgs<float>& args) {
  if (!LooksAt(node)) return;
  ranges_.clear();
  for (const OperandRows<float>& operand : args.operands) ranges_.push_back(RangesOf(operand, args.rows));
}

void FirstFault::After(const Node& node, const KernelArgs<float>& args) {
  if (!LooksAt(node)) return;
  const bool sum = args.result_stride == 0;
  for (std::int64_t row = 0; row < (sum ? 1 : args.rows); ++row) {
    const std::span<const float> result(args.ResultRow(row), static_cast<size_t>(args.size()));
    const std::optional<size_t> element = FirstNotFinite(result);
    if (!element) continue;
    fault_ = {.node = &node, .element = *element, .value = result[*element]};
    const RowOrigin& origin = *args.origin;
    if (node.variance.step) fault_->step = origin.first_step + row / origin.batch;
    if (node.at_last_step) fault_->step = origin.first_step;
    if (node.variance.sample) {
      fault_->episode = origin.first_episode + static_cast<std::uint64_t>(row % origin.batch);
    }
    for (const auto& rows : ranges_) fault_->operands.push_back(RangeFor(rows, row, sum));
    return;
  }
}

}  // namespace plgraph
