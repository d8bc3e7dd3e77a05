#include <algorithm>
#include <cstdint>
#include <set>

#include "graph/ir/known_ops.h"
#include "graph/ir/node_map.h"
#include "graph/ir/reach.h"
#include "graph/passes/passes.h"

namespace plgraph {
namespace {

class PhaseAssigner {
 public:
  explicit PhaseAssigner(Graph& graph)
      : graph_(graph),
        order_(graph.TopologicalOrder()),
        from_state_(DependsOn(graph, InLoop(graph))),
        to_next_(LeadsTo(graph, NextsOfLoop(graph))),
        from_carry_(DependsOn(graph, StateValues(graph, true))),
        to_carry_next_(LeadsTo(graph, StateNexts(graph, true))),
        from_seed_(DependsOn(graph, Seeds(graph))),
        to_instances_(LeadsTo(graph, Varying(graph))),
        to_loop_sum_(LeadsTo(graph, SumsForCarries())),
        is_next_(graph.size()),
        summed_(graph.size()) {
    for (const State& state : graph.states) {
      if (graph.node(state.next).variance.step) is_next_[state.next] = true;
      if (IsTrace(graph, state)) trace_sizes_.insert(graph.node(state.value).shape.NumElements());
    }
  }

  void Run() {
    AssignSources();
    for (const Value value : order_) {
      if (graph_.node(value).kind == NodeKind::kOp) graph_.node(value).phase = Earliest(value);
    }
    PullIntoLoops();
    for (const Value value : order_) {
      if (graph_.node(value).kind == NodeKind::kOp) Settle(value);
    }
  }

 private:
  // What the loop over the steps has to make. A state that is the same at all steps is an input of the loop.
  static std::vector<Value> NextsOfLoop(const Graph& graph) {
    return VaryingByStep(graph, StateNexts(graph, false));
  }

  // What it starts with, and what it has to make.
  static std::vector<Value> InLoop(const Graph& graph) {
    std::vector<Value> values = VaryingByStep(graph, StateValues(graph, false));
    for (const Value next : NextsOfLoop(graph)) values.push_back(next);
    return values;
  }

  static std::vector<Value> VaryingByStep(const Graph& graph, std::vector<Value> values) {
    std::erase_if(values, [&](Value value) { return !graph.node(value).variance.step; });
    return values;
  }

  static std::vector<Value> Varying(const Graph& graph) {
    std::vector<Value> values;
    for (int id = 0; id < graph.size(); ++id) {
      if (graph.node(Value{id}).variance != Variance{}) values.push_back(Value{id});
    }
    return values;
  }

  // The sums over all steps without which the backward loop cannot start.
  std::vector<Value> SumsForCarries() const {
    std::vector<Value> sums;
    for (const Value value : order_) {
      const Node& node = graph_.node(value);
      const bool sums_steps = node.op != nullptr && node.op->instance_rule == InstanceRule::kSum &&
                              AttributeOf<bool>(node, kOverSteps);
      if (sums_steps && to_carry_next_[value]) sums.push_back(value);
    }
    return sums;
  }

  // A source is there before its phase starts.
  void AssignSources() {
    for (const Value value : order_) {
      Node& node = graph_.node(value);
      if (node.kind == NodeKind::kInput) node.phase = Phase::kAhead;
      if (node.kind == NodeKind::kState) node.phase = node.variance.step ? Phase::kStep : Phase::kAhead;
      if (node.kind == NodeKind::kParameter || node.kind == NodeKind::kControl) node.phase = Phase::kOnce;
    }
    for (const State& state : graph_.states) {
      if (state.adjoint) graph_.node(state.value).phase = Phase::kStepAdjoint;
    }
  }

  // By what it depends on and what depends on it, without regard to cost.
  Phase Earliest(Value value) const {
    if (is_next_[value]) return from_seed_[value] || from_carry_[value] ? Phase::kStepAdjoint : Phase::kStep;
    if (from_carry_[value]) return to_carry_next_[value] ? Phase::kStepAdjoint : Phase::kAheadAdjoint;
    if (from_seed_[value]) return Phase::kAfter;
    if (from_state_[value]) return to_next_[value] ? Phase::kStep : Phase::kAfter;
    return VariesSomehow(value) ? Phase::kAhead : Phase::kOnce;
  }

  bool VariesSomehow(Value value) const {
    const Node& node = graph_.node(value);
    return node.variance != Variance{} ||
           std::any_of(node.operands.begin(), node.operands.end(),
                       [&](Value v) { return v && graph_.node(v).variance != Variance{}; });
  }

  // A matrix of the size of a trace (a trace, its gradient, an outer product) is too large to be kept for all steps:
  // what reads or makes one runs in the loop, although the data would let it wait.
  void PullIntoLoops() {
    for (const Value value : order_) {
      Node& node = graph_.node(value);
      if (node.kind != NodeKind::kOp || !CanRunInLoop(node.phase) || to_loop_sum_[value]) continue;
      if (ReadsTrace(node) || MakesTrace(node)) node.phase = LoopFor(value);
    }
    for (auto it = order_.rbegin(); it != order_.rend(); ++it) PullOperands(*it);
  }

  static bool CanRunInLoop(Phase phase) { return phase == Phase::kAfter || phase == Phase::kAheadAdjoint; }

  Phase LoopFor(Value value) const {
    return from_seed_[value] || from_carry_[value] ? Phase::kStepAdjoint : Phase::kStep;
  }

  bool HasTraceSize(const Node& node) const {
    return node.variance == kFull && node.shape.IsMatrix() && trace_sizes_.contains(node.shape.NumElements());
  }

  bool ReadsTrace(const Node& node) const {
    return std::any_of(node.operands.begin(), node.operands.end(), [&](Value v) {
      return v && IsLoop(graph_.node(v).phase) && HasTraceSize(graph_.node(v));
    });
  }

  bool MakesTrace(const Node& node) const {
    if (!HasTraceSize(node)) return false;
    std::int64_t read = 0;
    for (const Value operand : node.operands) read += operand ? graph_.node(operand).shape.NumElements() : 0;
    return node.shape.NumElements() > 4 * read;
  }

  // A loop cannot wait for a phase that comes after it.
  void PullOperands(Value value) {
    const Node& node = graph_.node(value);
    if (node.kind != NodeKind::kOp || !IsLoop(node.phase)) return;
    for (const Value operand : node.operands) {
      if (!operand || graph_.node(operand).phase <= node.phase) continue;
      graph_.node(operand).phase = node.phase;
    }
  }

  // No node before its operands, or in the loop that its operand is the outcome of. Gradients that follow from
  // a sum over all samples and steps alone come last.
  void Settle(Value value) {
    Node& node = graph_.node(value);
    bool follows_sum = false;
    for (const Value operand : node.operands) {
      if (!operand) continue;
      const Node& source = graph_.node(operand);
      follows_sum = follows_sum || summed_[operand];
      const bool outcome = IsLoopOutcome(source, node.phase) && !RunsInLoopOf(source, value);
      node.phase = std::max(node.phase, outcome ? Next(source.phase) : source.phase);
    }
    summed_[value] =
        node.variance == Variance{} && (follows_sum || node.op->instance_rule == InstanceRule::kSum);
    const bool of_gradient = from_seed_[value] || from_carry_[value];
    if (follows_sum && summed_[value] && of_gradient && !to_instances_[value]) {
      node.phase = Phase::kOnceAdjoint;
    }
  }

  static bool IsLoopOutcome(const Node& source, Phase reader) {
    return source.kind == NodeKind::kOp && IsLoop(source.phase) &&
           (reader != source.phase || !source.variance.step);
  }

  // Between what was pulled into the backward loop and a carry.
  bool RunsInLoopOf(const Node& source, Value reader) const {
    return source.phase == Phase::kStepAdjoint && source.variance.step && to_carry_next_[reader];
  }
  static Phase Next(Phase phase) { return static_cast<Phase>(static_cast<int>(phase) + 1); }

  Graph& graph_;
  std::vector<Value> order_;
  NodeMap<bool> from_state_;
  NodeMap<bool> to_next_;
  NodeMap<bool> from_carry_;
  NodeMap<bool> to_carry_next_;
  NodeMap<bool> from_seed_;
  NodeMap<bool> to_instances_;          // what exists for each sample or step depends on it
  NodeMap<bool> to_loop_sum_;           // a sum over all steps, which the backward loop reads, depends on it
  NodeMap<bool> is_next_;               // what a state or a carry becomes
  std::set<std::int64_t> trace_sizes_;  // elements of the traces
  NodeMap<bool> summed_;  // follows from a sum over all samples and steps, and from nothing that varies
};

}  // namespace

void AssignPhases(const PlannedFor&, Graph& graph) { PhaseAssigner(graph).Run(); }

}  // namespace plgraph
