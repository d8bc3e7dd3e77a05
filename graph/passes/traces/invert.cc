// Traces without a tape. The backward pass reads every trace at every step, and keeping them all takes steps x N x M
// numbers a sample. A trace that follows H' = decay o H + scale o (a b^T) can be had again instead: its update
// is inverted step by step in the backward pass (op Rewind), from what the forward pass left, in the memory of one
// trace. That is a state that runs back, like a gradient; whatever read the trace in the backward pass reads it.
#include <algorithm>

#include "graph/ir/node_builder.h"
#include "graph/ir/node_map.h"
#include "graph/ir/reach.h"
#include "graph/ir/rewriter.h"
#include "graph/passes/passes.h"
#include "graph/passes/traces/trace_form.h"

namespace plgraph {
namespace {

// Steps from snapshot to snapshot, and how many snapshots are worth it, at least.
constexpr std::int64_t kLeastSnapshotSteps = 128;
constexpr std::int64_t kLeastSnapshots = 4;

// A matrix per step would itself have to be kept for all steps.
bool IsSmall(const TraceFactor& factor) {
  return factor.constant || factor.kind != TraceFactor::kPerConnection;
}

// A gate that the network computes for each row may close within a step, which no inversion survives: the trace would be
// made again from its snapshot every few steps. With the gates of gated linear attention (32 x 32, 192 steps) an update took
// 59 ms so, and 40 ms with recomputation. What decays row by row at a rate that is trained decays slowly.
bool MayDecayAtOnce(const TraceFactor& decay) {
  return decay.kind == TraceFactor::kPerRow && !decay.constant;
}

class UpdateInverter {
 public:
  UpdateInverter(const PlannedFor& options, Graph& graph)
      : options_(options), graph_(graph), is_backward_(BackwardNodes(graph)) {}

  void Run() {
    bool changed = false;
    const size_t count = graph_.states.size();
    for (size_t i = 0; i < count; ++i) {
      const State state = graph_.states[i];
      const bool open = !state.adjoint && !graph_.node(state.value).recomputed;
      if (open && CanInvert(options_, graph_, state) &&
          (IsReadBackward(state.value) || IsReadBackward(state.next))) {
        Rewind(state);
        changed = true;
      }
    }
    if (!changed) return;
    Rewriter cleaner(graph_);
    graph_ = cleaner.Run(LiveNodes(graph_, options_.outputs), [&](Value old) { return cleaner.Copy(old); });
  }

 private:
  bool IsBackward(Value node) const { return is_backward_.Covers(node) && is_backward_[node]; }

  bool IsReadBackward(Value value) const {
    const std::vector<Value> users = graph_.Users(value);
    return std::any_of(users.begin(), users.end(), [&](Value user) { return IsBackward(user); });
  }

  void Rewind(const State& state) {
    const Node& trace = graph_.node(state.value);
    const TraceForm form = *TraceFormOf(graph_, state);
    const OuterTerm& term = form.terms[0];
    Node after = MadeFor(trace, trace.name + "/after");
    after.backward = true;
    NodeBuilder builder(graph_, MadeFor(after, trace.name));
    after.kind = NodeKind::kState;
    after.shape = trace.shape;
    after.variance = kFull;
    const Value inverted = graph_.Add(std::move(after));
    const auto [growth, growth_next] = AddGrowth(trace, form.decay.value);
    const std::int64_t every = growth ? StepsBetweenSnapshots(trace.shape) : 0;
    const Value snapshot = every > 0 ? state.value : First(builder, state);
    const Value before = builder.Apply(
        "Rewind",
        {inverted, form.decay.value, term.pre, term.post, term.scale.value, growth, growth_next, snapshot},
        {every});
    graph_.Rename(before, trace.name + "/before");
    ReadInPlaceOf(state.value, before);
    ReadInPlaceOf(state.next, inverted);
    graph_.states.push_back({.value = inverted, .next = before, .adjoint = true, .resumes = state.value});
  }

  // The sum of log(1 / decay) over the steps so far, by the smallest decay of each step.
  std::pair<Value, Value> AddGrowth(const Node& trace, Value decay) {
    if (!decay) return {};
    NodeBuilder builder(graph_, trace);
    Value growth_of_step = builder.Neg(builder.Apply("Log", {builder.Apply("Abs", {decay})}));
    if (graph_.node(decay).shape.rank() > 0) {
      growth_of_step = builder.Apply("Max", {growth_of_step}, {std::monostate{}});
    }
    Node sum = MadeFor(trace, trace.name + "/growth");
    sum.kind = NodeKind::kState;
    sum.variance = kFull;
    const Value growth = graph_.Add(std::move(sum));
    const Value next = builder.Add(growth, growth_of_step);
    graph_.Rename(next, trace.name + "/growth_next");
    graph_.states.push_back({.value = growth, .next = next});
    return {growth, next};
  }

  // A trace is recomputed from its last snapshot. As many of them as take no more memory than one vector of all steps
  // bound that by a constant; 0: not worth it in so few steps.
  std::int64_t StepsBetweenSnapshots(const Shape& trace) const {
    const std::int64_t every = std::max(kLeastSnapshotSteps, trace.dim(0));
    return options_.steps >= kLeastSnapshots * every ? every : 0;
  }

  // The value at the start of the run, where that is not zero.
  Value First(NodeBuilder& builder, const State& state) {
    const bool zero = !state.kept && !state.initial && state.initial_constant == 0 && !options_.continued;
    return zero ? Value{} : builder.Apply("FirstStep", {state.value});
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

  const PlannedFor& options_;
  Graph& graph_;
  NodeMap<bool> is_backward_;
};

}  // namespace

bool CanInvert(const PlannedFor& options, const Graph& graph, const State& state) {
  const std::optional<TraceForm> form = TraceFormOf(graph, state);
  return form && form->terms.size() == 1 && form->inner.empty() && IsSmall(form->decay) &&
         !MayDecayAtOnce(form->decay) && IsSmall(form->terms[0].scale) &&
         // all steps of an output are kept anyway
         !IsAmong(graph, options.outputs, state.value) && !IsAmong(graph, options.outputs, state.next);
}

void InvertUpdates(const PlannedFor& options, Graph& graph) { UpdateInverter(options, graph).Run(); }

}  // namespace plgraph
