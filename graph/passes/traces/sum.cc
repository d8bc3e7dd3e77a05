// Traces that are never made. A trace that starts at zero and follows H' = decay H + scale o (a b^T) with one constant
// decay is a sum over the updates so far, so that its product with a vector is one over their vectors (op
// LinearAttention): T vectors in place of a matrix. Where products are all that is read of it, as with a plasticity
// that is one number or one a column, and T is small enough, that costs less. The same holds for the gradient of a
// trace, a sum over the updates that come after.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "graph/ir/node_builder.h"
#include "graph/ir/reach.h"
#include "graph/ir/rewriter.h"
#include "graph/passes/pass.h"

namespace plgraph {
namespace {

enum Update : size_t { kBase, kDecay, kA, kB, kScale };          // operands of DecayedOuter
enum Read : size_t { kX, kWeight, kPlasticity, kTraceOperand };  // of PlasticMatMul and its transposed

class TraceFactorer {
 public:
  TraceFactorer(const PlannedFor& options, Graph& graph)
      : options_(options), graph_(graph), states_(graph.states), on_the_way_back_(OnTheWayBack(graph)) {}

  void Run() {
    for (const State& state : states_) {
      if (graph_.node(state.value).shape.rank() == 2) Judge(state);
    }
    while (
        std::any_of(traces_.begin(), traces_.end(), [&](const auto& t) { return LacksPartner(t.second); })) {
      std::erase_if(traces_, [&](const auto& t) { return LacksPartner(t.second); });
    }
    DropWhatCostsMore();
    if (traces_.empty()) return;
    for (const auto& [id, state] : traces_) Replace(state);
    Rewriter sweeper(graph_);
    graph_ = sweeper.Run(LiveNodes(graph_, options_.outputs), [&](Value old) { return sweeper.Copy(old); });
  }

 private:
  // Takes a trace up, or notes why not.
  void Judge(const State& state) {
    const std::string reason = WhyNot(state);
    if (reason.empty()) {
      traces_[state.value.id] = state;
    } else if (!state.adjoint) {
      const Node& node = graph_.node(state.value);
      const TraceCost cost = CostAsMatrix(UseOf(state), options_.steps) + CostOfGradient(node);
      graph_.trace_notes.push_back(
          {.name = node.name, .shape = node.shape, .reason = reason, .as_matrix = cost});
    }
  }

  TraceCost CostOfGradient(const Node& trace) const {
    for (const State& state : states_) {
      if (state.adjoint && graph_.node(state.value).origin == trace.origin)
        return CostAsMatrix(UseOf(state), options_.steps);
    }
    return {};
  }

  // Empty if it could be a sum.
  std::string WhyNot(const State& state) const {
    const Node& next = graph_.node(state.next);
    if (!IsOp(next, "DecayedOuter") || next.operands[kBase] != state.value)
      return "its update is not decay H + a b^T";
    if (!IsConstantNumber(next.operands[kDecay])) return "its decay is not one constant number";
    if (!IsNumberOrLine(next.operands[kScale])) return "its rate differs from element to element";
    if (!VariesFully(next.operands[kA], next.operands[kB]))
      return "its updates are the same for all samples or steps";
    if (!StartsAtZero(state)) return "it does not start at zero";
    if (IsOutput(state.value) || IsOutput(state.next)) return "it is an output";
    if (!graph_.Users(state.next).empty()) return "it is read after its update";
    for (const Value user : graph_.Users(state.value)) {
      const std::string reason = user == state.next ? "" : WhyNotReader(state, graph_.node(user));
      if (!reason.empty()) return reason;
    }
    return "";
  }

  std::string WhyNotReader(const State& state, const Node& user) const {
    if (IsOp(user, "PlasticMatMul") || IsOp(user, "PlasticMatMulTransposed")) {
      const bool matrix = !IsNumberOrLine(user.operands[kPlasticity]);
      return matrix ? "its plasticity differs from element to element" : "";
    }
    if (IsOp(user, "MatMul") && user.shape.rank() == 1) return "";
    if (IsOp(user, "Dot") && IsSummedUp(graph_.Find(user.name)) && Partner(state.value, user) != nullptr)
      return "";
    return fmt::format("{} ({}) reads all of it", user.name, user.op->name);
  }

  bool IsConstantNumber(Value value) const {
    return !value || (graph_.node(value).shape.rank() == 0 && graph_.node(value).variance == Variance{});
  }
  bool IsNumberOrLine(Value value) const { return !value || graph_.node(value).shape.rank() < 2; }

  bool VariesFully(Value a, Value b) const {
    const Variance& of_a = graph_.node(a).variance;
    const Variance& of_b = graph_.node(b).variance;
    return (of_a.sample || of_b.sample) && (of_a.step || of_b.step);
  }

  bool StartsAtZero(const State& state) const {
    return state.adjoint
               ? !state.resumes
               : !state.kept && !state.initial && state.initial_constant == 0 && !options_.continued;
  }

  bool IsOutput(Value value) const { return IsAmong(graph_, options_.outputs, value); }

  // Only the sum over all samples and steps is wanted.
  bool IsSummedUp(Value value) const {
    const std::vector<Value> users = graph_.Users(value);
    return !users.empty() && !IsOutput(value) && std::all_of(users.begin(), users.end(), [&](Value user) {
      const Node& node = graph_.node(user);
      return IsOp(node, "SumRows") && std::get<bool>(node.attributes[0]) &&
             std::get<bool>(node.attributes[1]);
    });
  }

  // The state with whose value a Dot multiplies that of another state; none if it is something else.
  const State* Partner(Value value, const Node& dot) const {
    const Value other = dot.operands[0] == value ? dot.operands[1] : dot.operands[0];
    for (const State& state : states_) {
      if (state.value == other && other != value) return &state;
    }
    return nullptr;
  }

  std::vector<Value> ReadersOf(const State& state) const {
    std::vector<Value> readers = graph_.Users(state.value);
    std::erase(readers, state.next);
    return readers;
  }

  bool LacksPartner(const State& state) const {
    const std::vector<Value> readers = ReadersOf(state);
    return std::any_of(readers.begin(), readers.end(), [&](Value reader) {
      return IsOp(graph_.node(reader), "Dot") &&
             !traces_.contains(Partner(state.value, graph_.node(reader))->value.id);
    });
  }

  // A trace and its gradient, which are multiplied with each other, stay or go together.
  void DropWhatCostsMore() {
    std::map<std::int32_t, TraceNote> notes;
    for (const auto& [id, state] : traces_) {
      TraceNote& note = notes[GroupOf(state)];
      note.as_matrix = note.as_matrix + CostAsMatrix(UseOf(state), options_.steps);
      note.as_sum = note.as_sum + CostAsSum(UseOf(state), options_.steps);
    }
    for (auto& [group, note] : notes) {
      const Node& node = graph_.node(Value{group});
      note.name = node.name;
      note.shape = node.shape;
      note.made = note.as_matrix.operations <= note.as_sum.operations;
      if (!traces_.at(group).adjoint) graph_.trace_notes.push_back(note);
      if (note.made) std::erase_if(traces_, [&, g = group](const auto& t) { return GroupOf(t.second) == g; });
    }
  }

  TraceUse UseOf(const State& state) const {
    TraceUse use = {.shape = graph_.node(state.value).shape};
    for (const Value reader : ReadersOf(state)) {
      if (!IsOp(graph_.node(reader), "Dot")) {
        ++use.products;
        use.rewound = use.rewound || (!state.adjoint && IsBack(reader));
      } else if (state.adjoint) {
        use.dot = true;
      }
    }
    return use;
  }

  bool IsBack(Value node) const {
    return static_cast<size_t>(node.id) < on_the_way_back_.size() &&
           on_the_way_back_[static_cast<size_t>(node.id)];
  }

  // The forward one of the two.
  std::int32_t GroupOf(const State& state) const {
    for (const Value reader : ReadersOf(state)) {
      if (!IsOp(graph_.node(reader), "Dot")) continue;
      const State* other = Partner(state.value, graph_.node(reader));
      if (state.adjoint && !other->adjoint) return other->value.id;
    }
    return state.value.id;
  }

  // Puts sums in the place of all that reads a trace.
  void Replace(const State& state) {
    for (const Value reader : ReadersOf(state)) {
      const Node node = graph_.node(reader);
      NodeBuilder builder(graph_, node);
      Value sum;
      if (IsOp(node, "Dot")) {
        if (state.adjoint) continue;  // its trace takes care of it
        sum = DerivativeByDecay(builder, state, *Partner(state.value, node));
      } else if (IsOp(node, "MatMul")) {
        const bool by_lines = node.operands[0] == state.value;
        sum = Product(builder, state, node.operands[by_lines ? 1 : 0], by_lines);
      } else {
        sum = PlasticProduct(builder, state, node);
      }
      Redirect(reader, sum);
    }
    std::erase_if(graph_.states, [&](const State& other) { return other.value == state.value; });
  }

  Value PlasticProduct(NodeBuilder& builder, const State& state, const Node& node) {
    const Value x = node.operands[kX];
    const Value weight = node.operands[kWeight];
    const Value plasticity = node.operands[kPlasticity];
    if (IsOp(node, "PlasticMatMul")) {
      return builder.Add(builder.MatMul(x, weight),
                         builder.Mul(plasticity, Product(builder, state, x, false)));
    }
    return builder.Add(builder.MatMul(weight, x), Product(builder, state, builder.Mul(plasticity, x), true));
  }

  // x^T H, or H x.
  Value Product(NodeBuilder& builder, const State& state, Value x, bool by_lines) {
    const auto found = products_.find({state.value.id, x.id, by_lines});
    if (found != products_.end()) return found->second;
    const Value scale = graph_.node(state.next).operands[kScale];
    const bool constant = scale && graph_.node(scale).variance == Variance{};
    const Value query = constant && by_lines ? builder.Mul(scale, x) : x;
    const Value sum = Attend(builder, state, query, by_lines, false);
    const Value product = constant && !by_lines ? builder.Mul(scale, sum) : sum;
    return products_[{state.value.id, x.id, by_lines}] = product;
  }

  // The gradient of the decay, summed over all steps: by what each update of the gradient, scale o (x d^T), is
  // multiplied with; the trace of that step derived by the decay.
  Value DerivativeByDecay(NodeBuilder& builder, const State& trace, const State& gradient) {
    const std::vector<Value> update = graph_.node(gradient.next).operands;
    const Value d = update[kScale] ? builder.Mul(update[kScale], update[kB]) : update[kB];
    const Value scale = graph_.node(trace.next).operands[kScale];
    Value product = Attend(builder, trace, update[kA], false, true);
    if (scale && graph_.node(scale).variance == Variance{}) product = builder.Mul(scale, product);
    return builder.Dot(product, d);
  }

  Value Attend(NodeBuilder& builder, const State& state, Value query, bool by_lines, bool derivative) {
    const std::vector<Value> update = graph_.node(state.next).operands;
    const History a = HistoryOf(state, update[kA], "pre");
    const History b = HistoryOf(state, ScaledB(builder, state), "post");
    const History& keys = by_lines ? b : a;
    const History& values = by_lines ? a : b;
    return builder.Apply("LinearAttention", {query, keys.value, values.value, update[kDecay]},
                         {options_.steps, state.adjoint, keys.lag, values.lag, derivative});
  }

  // With a scale that is not the same at all steps.
  Value ScaledB(NodeBuilder& builder, const State& state) {
    const std::vector<Value> update = graph_.node(state.next).operands;
    if (!update[kScale] || graph_.node(update[kScale]).variance == Variance{}) return update[kB];
    Value& scaled = scaled_[state.value.id];
    if (!scaled) scaled = builder.Mul(update[kScale], update[kB]);
    return scaled;
  }

  // Where a value of the steps before is found: as it was `lag` steps before that.
  struct History {
    Value value;
    std::int64_t lag = 0;
  };

  // What follows from the trace is read as a state of the next step: within a step it comes too late.
  History HistoryOf(const State& trace, Value value, const std::string& role) {
    for (const State& state : graph_.states) {
      if (state.next == value && state.adjoint == trace.adjoint) return {state.value, 0};
    }
    const Node& node = graph_.node(value);
    if (!DependsOn(graph_, {trace.value})[static_cast<size_t>(value.id)]) return {value, 1};
    const Node& of = graph_.node(trace.value);
    Node state = MadeFor(of, of.name + "/" + role);
    state.kind = NodeKind::kState;
    state.shape = node.shape;
    state.variance = kFull;
    const Value added = graph_.Add(std::move(state));
    graph_.states.push_back({.value = added, .next = value, .adjoint = trace.adjoint});
    return {added, 0};
  }

  void Redirect(Value old, Value value) {
    for (const Value user : graph_.Users(old)) {
      const std::vector<Value> operands = graph_.node(user).operands;
      for (size_t i = 0; i < operands.size(); ++i) {
        if (operands[i] == old) graph_.SetOperand(user, i, value);
      }
    }
    for (State& state : graph_.states) {
      if (state.next == old) state.next = value;
    }
    const std::string name = graph_.node(old).name;
    graph_.Rename(old, name + "/of_matrix");
    graph_.Rename(value, name);
    for (const auto& [alias, node] : std::vector(graph_.Aliases())) {
      if (node == old) graph_.Alias(alias, value);
    }
  }

  const PlannedFor& options_;
  Graph& graph_;
  const std::vector<State> states_;  // as they were
  std::vector<bool> on_the_way_back_;
  std::map<std::int32_t, State> traces_;  // by the id of their value
  std::map<std::tuple<std::int32_t, std::int32_t, bool>, Value> products_;
  std::map<std::int32_t, Value> scaled_;
};

}  // namespace

void FactorTraces(const PlannedFor& options, Graph& graph) { TraceFactorer(options, graph).Run(); }

}  // namespace plgraph
