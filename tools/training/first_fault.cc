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

// One range for all instances where all instances share the operand.
std::vector<NumberRange> RangesOf(const OperandInstances<float>& operand, std::int64_t instances) {
  std::vector<NumberRange> ranges;
  if (!operand) return {NumberRange{}};
  for (std::int64_t instance = 0; instance < (operand.instance_stride == 0 ? 1 : instances); ++instance) {
    ranges.push_back(RangeOf({operand.Instance(instance), static_cast<size_t>(operand.size())}));
  }
  return ranges;
}

// Of the instance, or of all that a sum over the instances is made of.
NumberRange RangeFor(const std::vector<NumberRange>& instances, std::int64_t instance, bool sum) {
  if (instances.size() == 1) return instances.front();
  if (!sum) return instances[static_cast<size_t>(instance)];
  NumberRange range;
  for (const NumberRange& other : instances) range = Joined(range, other);
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
  for (const OperandInstances<float>& operand : args.operands)
    ranges_.push_back(RangesOf(operand, args.instances));
}

void FirstFault::After(const Node& node, const KernelArgs<float>& args) {
  if (!LooksAt(node)) return;
  const bool sum = args.result_stride == 0;
  for (std::int64_t instance = 0; instance < (sum ? 1 : args.instances); ++instance) {
    const std::span<const float> result(args.ResultInstance(instance), static_cast<size_t>(args.size()));
    const std::optional<size_t> element = FirstNotFinite(result);
    if (!element) continue;
    fault_ = {.node = &node, .element = *element, .value = result[*element]};
    const InstanceOrigin& origin = *args.origin;
    if (node.variance.step) fault_->step = origin.first_step + instance / origin.batch;
    if (node.at_last_step) fault_->step = origin.first_step;
    if (node.variance.sample) {
      fault_->episode = origin.first_episode + static_cast<std::uint64_t>(instance % origin.batch);
    }
    for (const auto& instances : ranges_) fault_->operands.push_back(RangeFor(instances, instance, sum));
    return;
  }
}

}  // namespace plgraph
