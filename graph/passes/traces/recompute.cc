// Matrices a sample and step that the way back reads and that no inversion gives back: a trace that is clipped,
// what it was before the clip, the eligibility that it follows. To keep them takes steps x N x M numbers. What is
// kept instead are snapshots of the states every few steps; before the way back walks through a segment between
// two of them, the updates of the segment run again, on the same numbers, so that the gradient is the same bit for
// bit. Here the nodes that run again are marked. All else that they read is small, constant, or an input.
#include <algorithm>

#include "graph/ir/reach.h"
#include "graph/passes/pass.h"

namespace plgraph {
namespace {

// All of fewer steps are some twenty matrices: not worth running anything again.
constexpr std::int64_t kLeastSteps = 20;

size_t Index(Value value) { return static_cast<size_t>(value.id); }

class ReplayMarker {
 public:
  ReplayMarker(const PlannedFor& options, Graph& graph)
      : graph_(graph),
        from_state_(DependsOn(graph, StateValues(graph, false))),
        to_next_(LeadsTo(graph, StateNexts(graph, false))),
        on_the_way_back_(OnTheWayBack(graph)),
        kept_(static_cast<size_t>(graph.size())),
        next_(static_cast<size_t>(graph.size())) {
    for (const State& state : graph.states) {
      if (!state.adjoint) next_[Index(state.value)] = state.next;
    }
    FindOutputs(options);
  }

  void Run(const PlannedFor& options) {
    std::vector<bool> rewound = kept_;
    for (const State& state : graph_.states) {
      if (state.adjoint || !CanRewind(options, graph_, state)) continue;
      rewound[Index(state.value)] = rewound[Index(state.next)] = true;
    }
    for (int id = 0; id < graph_.size(); ++id) {
      if (!rewound[static_cast<size_t>(id)] && IsLoopMatrix(Value{id}) && IsReadBack(Value{id})) {
        Mark(Value{id});
      }
    }
  }

 private:
  // Of an output all steps are kept anyway, of a state together with its next.
  void FindOutputs(const PlannedFor& options) {
    for (const std::string& name : options.outputs) kept_[Index(graph_.Find(name))] = true;
    for (const State& state : graph_.states) {
      const bool output = kept_[Index(state.value)] || kept_[Index(state.next)];
      kept_[Index(state.value)] = kept_[Index(state.next)] = output;
    }
  }

  bool IsLoopMatrix(Value value) const {
    const Node& node = graph_.node(value);
    if (node.shape.rank() < 2 || node.variance != kFull || on_the_way_back_[Index(value)]) return false;
    if (node.kind == NodeKind::kState) return true;
    return node.kind == NodeKind::kOp && from_state_[Index(value)] && to_next_[Index(value)];
  }

  bool IsReadBack(Value value) const {
    const std::vector<Value> users = graph_.Users(value);
    return std::any_of(users.begin(), users.end(), [&](Value user) { return on_the_way_back_[Index(user)]; });
  }

  // Marks a value and all of that kind that it is made of, in this step and in those before.
  void Mark(Value value) {
    std::vector<Value> open = {value};
    while (!open.empty()) {
      const Value at = open.back();
      open.pop_back();
      if (graph_.node(at).replayed) continue;
      graph_.node(at).replayed = true;
      if (next_[Index(at)]) open.push_back(next_[Index(at)]);
      for (const Value operand : graph_.node(at).operands) {
        if (operand && IsLoopMatrix(operand) && !kept_[Index(operand)]) open.push_back(operand);
      }
    }
  }

  Graph& graph_;
  std::vector<bool> from_state_;
  std::vector<bool> to_next_;
  std::vector<bool> on_the_way_back_;
  std::vector<bool> kept_;
  std::vector<Value> next_;  // by the value of a state that runs forward
};

}  // namespace

void MarkReplayed(const PlannedFor& options, Graph& graph) {
  if (options.training && options.steps >= kLeastSteps) ReplayMarker(options, graph).Run(options);
}

}  // namespace plgraph
