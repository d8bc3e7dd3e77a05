// Traces without a tape. The backward pass reads every trace at every step, and keeping them all takes steps x N x M
// numbers for each sample. A trace that follows H' = decay o H + scale o (a b^T) can be had again instead: its update
// is inverted step by step in the backward pass (op Invert), from what the forward pass left, in the memory of one
// trace. That is a state that runs back, like a gradient; whatever read the trace in the backward pass reads it. What
// the step computed from the trace before its update is recomputed from it.
#include <algorithm>
#include <map>

#include "graph/ir/node_builder.h"
#include "graph/ir/node_map.h"
#include "graph/ir/reach.h"
#include "graph/ir/rewriter.h"
#include "graph/ir/tuning.h"
#include "graph/passes/passes.h"
#include "graph/passes/traces/trace_reads.h"

namespace plgraph {
namespace {

class UpdateInverter {
 public:
  UpdateInverter(const PlannedFor& planned, Graph& graph)
      : planned_(planned), graph_(graph), is_backward_(BackwardNodes(graph)) {}

  void Run() {
    const Traces traces(graph_);
    for (const Trace& trace : traces.all()) {
      if (trace.state.form == ChosenForm::kInverted) Invert(trace);
    }
    DropDeadNodes(graph_, planned_.outputs);
  }

 private:
  bool IsBackward(Value node) const { return is_backward_.Covers(node) && is_backward_[node]; }

  void Invert(const Trace& inverted) {
    const State& state = inverted.state;
    const Node trace = graph_.node(state.value);
    const OuterTerm& term = inverted.form->terms[0];
    Node node = MadeFor(trace, trace.name + "/after");
    node.backward = true;
    NodeBuilder builder(graph_, MadeFor(node, trace.name));
    node.kind = NodeKind::kState;
    node.shape = trace.shape;
    node.variance = kFull;
    const Value after = graph_.Add(std::move(node));
    NodeBuilder forward(graph_, trace);
    const Value decay = ProductOf(forward, inverted.form->decay);
    const auto [growth, growth_next] = AddGrowth(forward, trace, decay);
    const std::int64_t every = growth ? StepsBetweenSnapshots(trace.shape) : 0;
    const Value snapshot = every > 0 ? state.value : First(builder, state);
    const Value scale = ProductOf(forward, term.scale);
    const Value before = builder.Apply(
        "Invert", {after, decay, term.pre, term.post, scale, growth, growth_next, snapshot}, {every});
    graph_.Rename(before, trace.name + "/before");
    std::map<std::int32_t, Value> again = {{state.value.id, before}, {state.next.id, after}};
    for (const Value inner : inverted.form->inner) {
      if (!again.contains(inner.id)) again[inner.id] = MakeAgain(builder, inner, again);
    }
    for (const Value matrix : inverted.matrices) ReadInPlaceOf(matrix, again.at(matrix.id));
    graph_.states.push_back({.value = after, .next = before, .adjoint = true, .resumes = state.value});
  }

  // A matrix that the step makes of the trace, from the one that the inversion gives back.
  Value MakeAgain(NodeBuilder& builder, Value inner, const std::map<std::int32_t, Value>& again) {
    const Node& node = graph_.node(inner);
    std::vector<Value> operands = node.operands;
    for (Value& operand : operands) {
      if (const auto made = again.find(operand.id); made != again.end()) operand = made->second;
    }
    return builder.Apply(node.op->name, std::move(operands), node.attributes);
  }

  // The sum of log(1 / decay) over the steps so far, by the smallest decay of each step. Where one number is the decay
  // and is zero nothing is left of the trace: the sum starts again from zero.
  std::pair<Value, Value> AddGrowth(NodeBuilder& builder, const Node& trace, Value decay) {
    if (!decay) return {};
    const bool number = graph_.node(decay).shape.rank() == 0;
    const bool constant = graph_.node(decay).variance == Variance{};
    Value growth_of_step = builder.Neg(builder.Apply("Log", {builder.Apply("Abs", {decay})}));
    if (!number) growth_of_step = builder.Apply("Max", {growth_of_step}, {std::monostate{}});
    Node sum = MadeFor(trace, trace.name + "/growth");
    sum.kind = NodeKind::kState;
    sum.variance = kFull;
    const Value growth = graph_.Add(std::move(sum));
    Value next = builder.Add(growth, growth_of_step);
    if (number && !constant) next = builder.Apply("Where", {decay, next, {}});
    graph_.Rename(next, trace.name + "/growth_next");
    graph_.states.push_back({.value = growth, .next = next});
    return {growth, next};
  }

  // A trace is recomputed from its last snapshot. As many of them as take no more memory than one vector of all steps
  // bound that by a constant; 0: not worth it in so few steps.
  std::int64_t StepsBetweenSnapshots(const Shape& trace) const {
    const std::int64_t every = std::max(tuning::kLeastSnapshotSteps, trace.dim(0));
    return planned_.steps >= tuning::kLeastSnapshots * every ? every : 0;
  }

  // The value at the start of the run, where that is not zero.
  Value First(NodeBuilder& builder, const State& state) {
    return StartsAtZero(planned_, state) ? Value{} : builder.Apply("FirstStep", {state.value});
  }

  void ReadInPlaceOf(Value trace, Value inverted) {
    for (const Value user : graph_.Users(trace)) {
      if (!IsBackward(user)) continue;
      const std::vector<Value> operands = graph_.node(user).operands;
      for (size_t i = 0; i < operands.size(); ++i) {
        if (operands[i] == trace) graph_.SetOperand(user, i, inverted);
      }
    }
  }

  const PlannedFor& planned_;
  Graph& graph_;
  NodeMap<bool> is_backward_;
};

}  // namespace

void InvertUpdates(const PlannedFor& planned, Graph& graph) {
  if (AnyHasForm(graph, ChosenForm::kInverted)) UpdateInverter(planned, graph).Run();
}

}  // namespace plgraph
