// Matrices a sample and step that the backward pass reads and that no inversion gives back: a trace that is clipped,
// what it was before the clip, the eligibility that it follows. To keep them takes steps x N x M numbers. What is
// kept instead are snapshots of the states every few steps; before the backward pass walks through a checkpoint
// interval between two of them, the updates of the checkpoint interval run again, on the same numbers, so that the
// gradient is the same bit for bit. Here the nodes that run again are marked. All else that they read is small,
// constant, or an input.
#include <algorithm>

#include "graph/ir/node_map.h"
#include "graph/ir/reach.h"
#include "graph/passes/passes.h"

namespace plgraph {
namespace {

// All of fewer steps are some twenty matrices: not worth running anything again.
constexpr std::int64_t kLeastSteps = 20;

class RecomputationMarker {
 public:
  RecomputationMarker(const PlannedFor& options, Graph& graph)
      : graph_(graph),
        from_state_(DependsOn(graph, StateValues(graph, false))),
        to_next_(LeadsTo(graph, StateNexts(graph, false))),
        is_backward_(BackwardNodes(graph)),
        kept_(graph.size()),
        next_(graph.size()) {
    for (const State& state : graph.states) {
      if (!state.adjoint) next_[state.value] = state.next;
    }
    FindOutputs(options);
  }

  void Run(const PlannedFor& options) {
    NodeMap<bool> inverted = kept_;
    for (const State& state : graph_.states) {
      if (state.adjoint || !CanInvert(options, graph_, state)) continue;
      inverted[state.value] = inverted[state.next] = true;
    }
    for (int id = 0; id < graph_.size(); ++id) {
      if (!inverted[Value{id}] && IsLoopMatrix(Value{id}) && IsReadBackward(Value{id})) {
        Mark(Value{id});
      }
    }
  }

 private:
  // Of an output all steps are kept anyway, of a state together with its next.
  void FindOutputs(const PlannedFor& options) {
    for (const std::string& name : options.outputs) kept_[graph_.Find(name)] = true;
    for (const State& state : graph_.states) {
      const bool output = kept_[state.value] || kept_[state.next];
      kept_[state.value] = kept_[state.next] = output;
    }
  }

  bool IsLoopMatrix(Value value) const {
    const Node& node = graph_.node(value);
    if (node.shape.rank() < 2 || node.shape.IsColumn() || node.variance != kFull || is_backward_[value])
      return false;
    if (node.kind == NodeKind::kState) return true;
    return node.kind == NodeKind::kOp && from_state_[value] && to_next_[value];
  }

  bool IsReadBackward(Value value) const {
    const std::vector<Value> users = graph_.Users(value);
    return std::any_of(users.begin(), users.end(), [&](Value user) { return is_backward_[user]; });
  }

  // Marks a value and all of that kind that it is made of, in this step and in those before.
  void Mark(Value value) {
    std::vector<Value> open = {value};
    while (!open.empty()) {
      const Value at = open.back();
      open.pop_back();
      if (graph_.node(at).recomputed) continue;
      graph_.node(at).recomputed = true;
      if (next_[at]) open.push_back(next_[at]);
      for (const Value operand : graph_.node(at).operands) {
        if (operand && IsLoopMatrix(operand) && !kept_[operand]) open.push_back(operand);
      }
    }
  }

  Graph& graph_;
  NodeMap<bool> from_state_;
  NodeMap<bool> to_next_;
  NodeMap<bool> is_backward_;
  NodeMap<bool> kept_;
  NodeMap<Value> next_;  // by the value of a state that runs forward
};

}  // namespace

void MarkRecomputed(const PlannedFor& options, Graph& graph) {
  if (options.steps >= kLeastSteps) RecomputationMarker(options, graph).Run(options);
}

}  // namespace plgraph
