// Reverse-mode differentiation, graph to graph, through time. The gradient of a state at step t+1 is an
// ordinary state that runs back: at step t it is what the gradient of the state was at step t+1 (zero behind
// the last step), and it is a gradient of the state's next at step t. So the adjoint of a recurrent graph is
// a recurrent graph.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "graph/ir/node_builder.h"
#include "graph/ir/node_map.h"
#include "graph/ir/reach.h"
#include "graph/passes/passes.h"

namespace plgraph {
namespace {

// For each node, whether a loss depends on it, within the step or in later steps.
NodeMap<bool> ReachesLoss(const Graph& graph) {
  std::vector<Value> targets;
  for (const Term& term : graph.terms) {
    if (term.is_loss) targets.push_back(term.value);
  }
  return LeadsToInTime(graph, std::move(targets));
}

class Adjoint {
 public:
  explicit Adjoint(Graph& graph)
      : graph_(graph),
        order_(graph.TopologicalOrder()),
        needed_(DependsOnTrained(graph)),
        contributions_(graph.size()) {
    const NodeMap<bool> reaches = ReachesLoss(graph);
    for (const Value value : order_) needed_[value] = needed_[value] && reaches[value];
  }

  void Run() {
    SeedLosses();
    AddCarries();
    for (auto it = order_.rbegin(); it != order_.rend(); ++it) {
      if (needed_[*it] && graph_.node(*it).kind == NodeKind::kOp) Propagate(*it);
    }
    CloseCarries();
    for (const Value value : order_) {
      if (graph_.node(value).trainable) graph_.gradients.push_back({value, OwnGradient(value)});
    }
  }

 private:
  void SeedLosses() {
    for (Term& term : graph_.terms) {
      if (!term.is_loss) continue;
      Node seed = MadeFor(graph_.node(term.value), "seed/" + term.name);
      seed.backward = true;
      seed.kind = NodeKind::kControl;
      term.seed = graph_.Add(std::move(seed));
      contributions_[term.value].push_back(term.seed);
    }
  }

  void AddCarries() {
    const size_t forward_states = graph_.states.size();
    for (size_t i = 0; i < forward_states; ++i) {
      const State state = graph_.states[i];
      if (!needed_[state.value]) continue;
      carries_.push_back({i, Value{}});
      if (!needed_[state.next]) continue;  // only its initial value is trained
      Node carry = AdjointOf(state.value);
      carry.name += "/carry";
      carry.kind = NodeKind::kState;
      carry.shape = graph_.node(state.value).shape;
      carry.variance = kFull;
      carries_.back().value = graph_.Add(std::move(carry));
      contributions_[state.next].push_back(carries_.back().value);
    }
  }

  // What is made for the gradient of a value.
  Node AdjointOf(Value value) const {
    Node node = MadeFor(graph_.node(value), "d_" + graph_.node(value).name);
    node.backward = true;
    return node;
  }

  // The sum of all that was contributed to the gradient of a value, for each sample and step for which the
  // value exists; no value if nothing was.
  Value Total(Value value) {
    NodeBuilder builder(graph_, AdjointOf(value));
    Value total;
    for (const Value part : contributions_[value]) total = total ? builder.Add(total, part) : part;
    if (!total) return total;
    const Variance wanted = graph_.node(value).variance;
    if (!graph_.node(total).variance.Covers(wanted)) {
      total = builder.Apply("Copy", {total}, {wanted.sample, wanted.step});
    }
    const bool unnamed = graph_.node(total).kind == NodeKind::kOp && named_.insert(total.id).second;
    if (unnamed) graph_.Rename(total, "d_" + graph_.node(value).name);
    return total;
  }

  void Propagate(Value value) {
    const Value total = Total(value);
    if (!total) return;
    const std::vector<Value> operands = graph_.node(value).operands;
    std::vector<bool> wanted;
    for (const Value operand : operands) wanted.push_back(operand && needed_[operand]);
    GradBuilder builder(graph_, value, total, wanted);
    const OpDef& op = *graph_.node(value).op;
    const Gradients gradients = op.adjoint(builder);
    PLGRAPH_CHECK(gradients.size() == operands.size(),
                  fmt::format("the adjoint of {} has {} gradients for {} operands", op.name, gradients.size(),
                              operands.size()));
    for (size_t i = 0; i < operands.size(); ++i) {
      if (wanted[i] && gradients[i]) Contribute(op, operands[i], gradients[i]);
    }
  }

  // A gradient that exists for more samples or steps than its value is summed over them.
  void Contribute(const OpDef& op, Value operand, Value gradient) {
    PLGRAPH_CHECK(graph_.node(gradient).shape == graph_.node(operand).shape,
                  fmt::format("the adjoint of {} has shape {} for operand {} of shape {}", op.name,
                              graph_.node(gradient).shape.ToString(), graph_.node(operand).name,
                              graph_.node(operand).shape.ToString()));
    const Variance from = graph_.node(gradient).variance;
    const Variance to = graph_.node(operand).variance;
    const bool over_samples = from.sample && !to.sample;
    const bool over_steps = from.step && !to.step;
    if (over_samples || over_steps) {
      NodeBuilder builder(graph_, AdjointOf(operand));
      gradient = builder.Apply("SumInstances", {gradient}, {over_samples, over_steps});
    }
    contributions_[operand].push_back(gradient);
  }

  void CloseCarries() {
    std::set<std::int32_t> taken;
    for (const auto& [index, carry] : carries_) {
      const State state = graph_.states[index];
      Value gradient = Total(state.value);
      // It reaches a loss only through what has no gradient, as the condition of Where: the carry stays zero.
      if (!gradient) gradient = carry;
      if (!gradient) continue;
      if (carry) {
        gradient = OwnNext(state, gradient, taken);
        graph_.states.push_back(
            {.value = carry, .next = gradient, .adjoint = true, .gradient_of = state.value});
      }
      if (state.initial && needed_[state.initial]) ContributeToInitial(state, gradient);
    }
  }

  // As for the model's states: the next of a carry is a node of its own, computed in the loop.
  Value OwnNext(const State& state, Value gradient, std::set<std::int32_t>& taken) {
    const Node& node = graph_.node(gradient);
    if (node.kind == NodeKind::kOp && node.variance == kFull && taken.insert(gradient.id).second)
      return gradient;
    return NodeBuilder(graph_, AdjointOf(state.value)).Apply("Copy", {gradient}, {true, true});
  }

  // Only the window that starts the episode reads the initial value; of a kept state, only the first of all.
  void ContributeToInitial(const State& state, Value gradient) {
    NodeBuilder builder(graph_, AdjointOf(state.value));
    const Value first = builder.Apply("FirstStep", {gradient});
    const Value starts = state.kept ? FirstRun() : graph_.first_window;
    Contribute(*graph_.node(first).op, state.initial, builder.Mul(first, starts));
  }

  Value FirstRun() {
    if (!graph_.first_run) {
      graph_.first_run = graph_.Add({.name = "first_run", .kind = NodeKind::kControl});
    }
    return graph_.first_run;
  }

  // Whoever updates the parameters may clip a gradient in place: two parameters never share one.
  Value OwnGradient(Value parameter) {
    const Value gradient = Total(parameter);
    if (!gradient) return gradient;
    if (graph_.node(gradient).kind == NodeKind::kOp && gradients_taken_.insert(gradient.id).second)
      return gradient;
    return NodeBuilder(graph_, AdjointOf(parameter)).Apply("Copy", {gradient}, {false, false});
  }

  struct Carry {
    size_t state;  // its position in Graph::states
    Value value;
  };

  Graph& graph_;
  std::vector<Value> order_;  // of the forward graph
  NodeMap<bool> needed_;      // the gradient of a loss with respect to it is needed and may differ from zero
  NodeMap<std::vector<Value>> contributions_;
  std::vector<Carry> carries_;
  std::set<std::int32_t> gradients_taken_;
  std::set<std::int32_t> named_;  // after the first value whose gradient they are
};

}  // namespace

void AppendAdjoint(const PlannedFor&, Graph& graph) { Adjoint(graph).Run(); }

}  // namespace plgraph
