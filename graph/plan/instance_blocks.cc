#include "graph/plan/instance_blocks.h"

#include <algorithm>

#include "graph/ir/compile_options.h"
#include "graph/ir/node_map.h"
#include "graph/ir/tuning.h"

namespace plgraph {
namespace {

bool VariesByStep(const Graph& graph, Value value) { return value && graph.node(value).variance.step; }

bool WorksByInstances(const Graph& graph, const Node& node) {
  const InstanceRule rule = node.op->instance_rule;
  const bool mapped =
      rule == InstanceRule::kMap || rule == InstanceRule::kSum || rule == InstanceRule::kBroadcast;
  return mapped && node.op->history.empty() &&
         (node.variance.step || std::any_of(node.operands.begin(), node.operands.end(),
                                            [&](Value v) { return VariesByStep(graph, v); }));
}

class BlockOrder {
 public:
  BlockOrder(const Graph& graph, std::span<const Value> nodes)
      : graph_(graph), left_(nodes.begin(), nodes.end()), state_(graph.size(), kDone) {
    for (const Value node : nodes) state_[node] = kLeft;
  }

  // Those that are ready and do not work instance by instance.
  std::vector<Value> TakeOthers() { return Take(false, kDone); }

  // As many as can go through the instances together.
  std::vector<Value> TakeBlock() {
    std::vector<Value> block = Take(true, kInBlock);
    for (const Value value : block) state_[value] = kDone;
    return block;
  }

  bool AnyLeft() const { return !left_.empty(); }

 private:
  enum NodeState : char { kLeft, kInBlock, kDone };

  std::vector<Value> Take(bool by_instances, NodeState taken_as) {
    std::vector<Value> taken;
    std::vector<Value> rest;
    for (const Value value : left_) {
      const bool take = WorksByInstances(graph_, graph_.node(value)) == by_instances && IsReady(value);
      (take ? taken : rest).push_back(value);
      if (take) state_[value] = taken_as;
    }
    left_ = std::move(rest);
    return taken;
  }

  bool IsReady(Value value) const {
    const std::vector<Value>& operands = graph_.node(value).operands;
    return std::all_of(operands.begin(), operands.end(), [&](Value v) { return !v || IsThere(v); });
  }

  // A sum over the instances is there only after the last of them.
  bool IsThere(Value operand) const {
    const NodeState state = state_[operand];
    return state == kDone || (state == kInBlock && graph_.node(operand).variance.step);
  }

  const Graph& graph_;
  std::vector<Value> left_;
  NodeMap<NodeState> state_;  // by node
};

std::int64_t StepsAtOnce(const Graph& graph, std::span<const Value> block, const CompileOptions& options) {
  std::int64_t instance_bytes = 1;
  for (const Value value : block) {
    const Node& node = graph.node(value);
    if (node.variance.step)
      instance_bytes = std::max(instance_bytes, node.shape.NumElements() * SizeOf(options.dtype));
  }
  const std::int64_t instances = std::max(tuning::kBlockInstances, tuning::kBlockBytes / instance_bytes);
  const std::int64_t most = std::clamp<std::int64_t>(instances / options.batch, 1, options.steps);
  const std::int64_t blocks = (options.steps + most - 1) / most;
  return (options.steps + blocks - 1) / blocks;
}

}  // namespace

void OrderInBlocks(const Graph& graph, Phase phase, std::span<const Value> nodes,
                   const CompileOptions& options, Schedule& schedule) {
  std::vector<ScheduledNode> order;
  const size_t blocks_before = schedule.block_steps.size();
  BlockOrder open(graph, nodes);
  while (open.AnyLeft()) {
    for (const Value value : open.TakeOthers()) order.push_back({.node = value});
    const std::vector<Value> block = open.TakeBlock();
    const std::int64_t steps = StepsAtOnce(graph, block, options);
    const bool whole = block.size() < 2 || steps == options.steps;
    const int number = whole ? -1 : static_cast<int>(schedule.block_steps.size());
    if (!whole) schedule.block_steps.push_back(steps);
    for (const Value value : block) order.push_back({.node = value, .block = number});
  }
  if (schedule.block_steps.size() == blocks_before) {  // as they came
    order.clear();
    for (const Value value : nodes) order.push_back({.node = value});
  }
  schedule.phases[static_cast<size_t>(phase)] = std::move(order);
}

}  // namespace plgraph
