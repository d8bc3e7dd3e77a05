// Matrices for each sample and step that the backward pass reads and that no inversion gives back: a trace that is
// clipped, what it was before the clip, the eligibility that it follows. To keep them takes steps x N x M numbers. What
// is kept instead are snapshots of the states every few steps; before the backward pass walks through a checkpoint
// interval between two of them, the updates of the checkpoint interval run again, on the same numbers, so that the
// gradient is the same bit for bit. Here the nodes that run again are marked. All else that they read is small,
// constant, or an input.
#include "graph/passes/traces/recompute.h"

#include <algorithm>

#include "graph/ir/reach.h"
#include "graph/ir/tuning.h"
#include "graph/passes/passes.h"
#include "graph/passes/traces/trace_reads.h"

namespace plgraph {
namespace {

class RecomputationFinder {
 public:
  RecomputationFinder(const PlannedFor& planned, const Graph& graph)
      : graph_(graph),
        from_state_(DependsOn(graph, StateValues(graph, false))),
        to_next_(LeadsTo(graph, StateNexts(graph, false))),
        is_backward_(BackwardNodes(graph)),
        kept_(graph.size()),
        next_(graph.size()),
        recomputed_for_(graph.size()) {
    for (const State& state : graph.states) {
      if (!state.adjoint) next_[state.value] = state.next;
    }
    FindKept(planned);
  }

  NodeMap<Value> Run(const NodeMap<bool>& given_back) {
    for (int id = 0; id < graph_.size(); ++id) {
      const Value value{id};
      if (!given_back[value] && !kept_[value] && IsLoopMatrix(value) && IsReadBackward(value)) Mark(value);
    }
    return std::move(recomputed_for_);
  }

 private:
  // Of an output all steps are kept anyway, of a state together with its next.
  void FindKept(const PlannedFor& planned) {
    for (const std::string& name : planned.outputs) kept_[graph_.Find(name)] = true;
    for (const ForcedForm& forced : planned.trace_forms) {
      const Value trace = graph_.Find(forced.trace);
      if (trace && forced.form == ChosenForm::kKept) kept_[trace] = true;
    }
    for (const State& state : graph_.states) {
      const bool kept = kept_[state.value] || kept_[state.next];
      kept_[state.value] = kept_[state.next] = kept;
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
      if (recomputed_for_[at]) continue;
      recomputed_for_[at] = value;
      if (next_[at]) open.push_back(next_[at]);
      for (const Value operand : graph_.node(at).operands) {
        if (operand && IsLoopMatrix(operand) && !kept_[operand]) open.push_back(operand);
      }
    }
  }

  const Graph& graph_;
  NodeMap<bool> from_state_;
  NodeMap<bool> to_next_;
  NodeMap<bool> is_backward_;
  NodeMap<bool> kept_;
  NodeMap<Value> next_;  // by the value of a state that runs forward
  NodeMap<Value> recomputed_for_;
};

}  // namespace

bool Recomputes(const PlannedFor& planned) {
  const auto& forced = planned.trace_forms;
  return planned.steps >= tuning::kLeastRecomputedSteps ||
         std::any_of(forced.begin(), forced.end(),
                     [](const ForcedForm& f) { return f.form == ChosenForm::kRecomputed; });
}

NodeMap<Value> RecomputedFor(const PlannedFor& planned, const Graph& graph, const NodeMap<bool>& given_back) {
  return RecomputationFinder(planned, graph).Run(given_back);
}

void MarkRecomputed(const PlannedFor& planned, Graph& graph) {
  if (!Recomputes(planned)) return;
  NodeMap<bool> given_back(graph.size());
  const Traces traces(graph);
  for (const Trace& trace : traces.all()) {
    if (trace.state.form != ChosenForm::kInverted) continue;
    for (const Value matrix : trace.matrices) given_back[matrix] = true;
  }
  const NodeMap<Value> recomputed_for = RecomputedFor(planned, graph, given_back);
  for (int id = 0; id < graph.size(); ++id) {
    if (recomputed_for[Value{id}]) graph.node(Value{id}).recomputed = true;
  }
}

}  // namespace plgraph
