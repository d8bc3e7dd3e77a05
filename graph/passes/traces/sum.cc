// Traces that are never made. A trace that starts at zero and follows H' = decay H + scale o (a b^T) with one constant
// decay is a sum over the updates so far, so that its product with a vector is one over their vectors (op
// LinearAttention): T vectors in place of a matrix. Where products are all that is read of it, as with a plasticity
// that is one number or one per column, and T is small enough, that costs less. The same holds for the gradient of a
// trace, a sum over the updates that come after, with a term for each product that reads the trace. A product with what
// the trace becomes at this step is that with the trace, and those with the terms of this step.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "graph/ir/known_ops.h"
#include "graph/ir/node_builder.h"
#include "graph/ir/node_map.h"
#include "graph/ir/reach.h"
#include "graph/ir/rewriter.h"
#include "graph/passes/passes.h"
#include "graph/passes/traces/trace_cost.h"
#include "graph/passes/traces/trace_form.h"

namespace plgraph {
namespace {

using enum plastic_mat_mul::Operand;

class UpdateSummer {
 public:
  UpdateSummer(const PlannedFor& options, Graph& graph)
      : options_(options), graph_(graph), states_(graph.states), is_backward_(BackwardNodes(graph)) {}

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
    Rewriter cleaner(graph_);
    graph_ = cleaner.Run(LiveNodes(graph_, options_.outputs), [&](Value old) { return cleaner.Copy(old); });
  }

 private:
  // A matrix of a trace, and who reads it.
  struct Read {
    Value matrix;
    Value reader;
  };

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
    const std::optional<TraceForm> form = TraceFormOf(graph_, state);
    if (!form || form->terms.empty()) return "its update is not decay H + a b^T";
    if (!form->decay.constant || form->decay.kind > TraceFactor::kNumber)
      return "its decay is not one constant number";
    for (const OuterTerm& term : form->terms) {
      if (term.scale.kind > TraceFactor::kPerColumn) return "its rate differs from element to element";
      if (!VariesFully(term.pre, term.post)) return "its updates are the same for all samples or steps";
    }
    if (!StartsAtZero(state)) return "it does not start at zero";
    for (const Value matrix : MatricesOf(state)) {
      if (IsOutput(matrix)) return "it is an output";
    }
    for (const Read& read : ReadsOf(state)) {
      const std::string reason = WhyNotRead(state, read);
      if (!reason.empty()) return reason;
    }
    return "";
  }

  std::string WhyNotRead(const State& state, const Read& read) const {
    const Node& reader = graph_.node(read.reader);
    const bool follows = TraceFormOf(graph_, state, read.matrix).has_value();
    if (IsPlasticProduct(reader) && follows && reader.operands[kTrace] == read.matrix &&
        reader.operands[kWeight] != read.matrix) {
      const bool matrix = !IsNumberOrLine(reader.operands[kPlasticity]);
      return matrix ? "its plasticity differs from element to element" : "";
    }
    if (IsOp(reader, Ops().mat_mul) && follows && reader.shape.rank() == 1) return "";
    if (IsOp(reader, Ops().dot) && read.matrix == state.value && IsSummedUp(read.reader) &&
        Partner(state.value, reader) != nullptr)
      return "";
    return fmt::format("{} ({}) reads all of it", reader.name, reader.op->name);
  }

  static bool IsPlasticProduct(const Node& node) {
    return IsOp(node, Ops().plastic_mat_mul) || IsOp(node, Ops().plastic_mat_mul_transposed);
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
      return IsOp(node, Ops().sum_rows) && AttributeOf<bool>(node, kOverSamples) &&
             AttributeOf<bool>(node, kOverSteps);
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

  // A trace, what it becomes within a step, and what that is made of.
  std::vector<Value> MatricesOf(const State& state) const {
    std::vector<Value> matrices = {state.value, state.next};
    const std::optional<TraceForm> form = TraceFormOf(graph_, state);
    if (form) matrices.insert(matrices.end(), form->inner.begin(), form->inner.end());
    return matrices;
  }

  // All that reads one of these matrices to another end than to make the next trace.
  std::vector<Read> ReadsOf(const State& state) const {
    const std::vector<Value> matrices = MatricesOf(state);
    std::vector<Read> reads;
    for (const Value matrix : matrices) {
      for (const Value reader : graph_.Users(matrix)) {
        if (std::find(matrices.begin(), matrices.end(), reader) == matrices.end())
          reads.push_back({matrix, reader});
      }
    }
    return reads;
  }

  bool LacksPartner(const State& state) const {
    const std::vector<Read> reads = ReadsOf(state);
    return std::any_of(reads.begin(), reads.end(), [&](const Read& read) {
      return IsOp(graph_.node(read.reader), Ops().dot) &&
             !traces_.contains(Partner(state.value, graph_.node(read.reader))->value.id);
    });
  }

  // A trace and its gradient, which are multiplied with each other, stay or go together.
  void DropWhatCostsMore() {
    std::map<std::int32_t, TraceNote> notes;
    for (const auto& [id, state] : traces_) {
      TraceNote& note = notes[GroupOf(state)];
      note.as_matrix = note.as_matrix + CostAsMatrix(UseOf(state), options_.steps);
      note.as_sum = note.as_sum + CostOfSum(state);
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

  // Each product is one with every term of the updates so far.
  TraceCost CostOfSum(const State& state) const {
    TraceUse use = UseOf(state);
    use.products *= std::ssize(TraceFormOf(graph_, state)->terms);
    return CostAsSum(use, options_.steps);
  }

  TraceUse UseOf(const State& state) const {
    TraceUse use = {.shape = graph_.node(state.value).shape};
    for (const Read& read : ReadsOf(state)) {
      if (!IsOp(graph_.node(read.reader), Ops().dot)) {
        ++use.products;
        use.inverted = use.inverted || (!state.adjoint && IsBackward(read.reader));
      } else if (state.adjoint) {
        use.dot = true;
      }
    }
    return use;
  }

  bool IsBackward(Value node) const { return is_backward_.Covers(node) && is_backward_[node]; }

  // The forward one of the two.
  std::int32_t GroupOf(const State& state) const {
    for (const Read& read : ReadsOf(state)) {
      if (!IsOp(graph_.node(read.reader), Ops().dot)) continue;
      const State* other = Partner(state.value, graph_.node(read.reader));
      if (state.adjoint && !other->adjoint) return other->value.id;
    }
    return state.value.id;
  }

  // Puts sums in the place of all that reads a trace.
  void Replace(const State& state) {
    for (const Read& read : ReadsOf(state)) {
      const Node node = graph_.node(read.reader);
      NodeBuilder builder(graph_, node);
      Value sum;
      if (IsOp(node, Ops().dot)) {
        if (state.adjoint) continue;  // its trace takes care of it
        sum = DerivativeByDecay(builder, state, *Partner(state.value, node));
      } else if (IsOp(node, Ops().mat_mul)) {
        const bool by_lines = node.operands[0] == read.matrix;
        sum = ProductOf(builder, state, read.matrix, node.operands[by_lines ? 1 : 0], by_lines);
      } else {
        sum = PlasticProduct(builder, state, read.matrix, node);
      }
      Redirect(read.reader, sum);
    }
    std::erase_if(graph_.states, [&](const State& other) { return other.value == state.value; });
  }

  Value PlasticProduct(NodeBuilder& builder, const State& state, Value matrix, const Node& node) {
    const Value x = node.operands[kX];
    const Value weight = node.operands[kWeight];
    const Value plasticity = node.operands[kPlasticity];
    if (IsOp(node, Ops().plastic_mat_mul)) {
      return builder.Add(builder.MatMul(x, weight),
                         builder.Mul(plasticity, ProductOf(builder, state, matrix, x, false)));
    }
    return builder.Add(builder.MatMul(weight, x),
                       ProductOf(builder, state, matrix, builder.Mul(plasticity, x), true));
  }

  // x^T V, or V x, of a matrix V that is made of the trace H within the step.
  Value ProductOf(NodeBuilder& builder, const State& state, Value matrix, Value x, bool by_lines) {
    const TraceForm form = *TraceFormOf(graph_, state, matrix);
    Value product = Product(builder, state, x, by_lines);
    if (form.decay) product = builder.Mul(form.decay.value, product);
    for (const OuterTerm& term : form.terms) {
      const Value post = term.scale ? builder.Mul(term.scale.value, term.post) : term.post;
      const Value& key = by_lines ? post : term.pre;
      const Value& value = by_lines ? term.pre : post;
      product = builder.Add(product, builder.Mul(builder.Dot(key, x), value));
    }
    return product;
  }

  // x^T H, or H x.
  Value Product(NodeBuilder& builder, const State& state, Value x, bool by_lines) {
    const auto found = products_.find({state.value.id, x.id, by_lines});
    if (found != products_.end()) return found->second;
    Value product;
    const size_t terms = TraceFormOf(graph_, state)->terms.size();
    for (size_t t = 0; t < terms; ++t) {
      const TraceFactor scale = TraceFormOf(graph_, state)->terms[t].scale;
      const bool after = scale && scale.constant;
      const Value query = after && by_lines ? builder.Mul(scale.value, x) : x;
      const Value sum = Attend(builder, state, t, query, by_lines, false);
      const Value of_term = after && !by_lines ? builder.Mul(scale.value, sum) : sum;
      product = product ? builder.Add(product, of_term) : of_term;
    }
    return products_[{state.value.id, x.id, by_lines}] = product;
  }

  // The gradient of the decay, summed over all steps: by what each update of the gradient, scale o (x d^T), is
  // multiplied with; the trace of that step derived by the decay.
  Value DerivativeByDecay(NodeBuilder& builder, const State& trace, const State& gradient) {
    Value derivative;
    const TraceForm of_gradient = *TraceFormOf(graph_, gradient);
    for (const OuterTerm& update : of_gradient.terms) {
      const Value d = update.scale ? builder.Mul(update.scale.value, update.post) : update.post;
      Value product;
      const size_t terms = TraceFormOf(graph_, trace)->terms.size();
      for (size_t t = 0; t < terms; ++t) {
        const TraceFactor scale = TraceFormOf(graph_, trace)->terms[t].scale;
        Value of_term = Attend(builder, trace, t, update.pre, false, true);
        if (scale && scale.constant) of_term = builder.Mul(scale.value, of_term);
        product = product ? builder.Add(product, of_term) : of_term;
      }
      const Value of_update = builder.Dot(product, d);
      derivative = derivative ? builder.Add(derivative, of_update) : of_update;
    }
    return derivative;
  }

  // The product of a vector with what one term of the updates so far has made.
  Value Attend(NodeBuilder& builder, const State& state, size_t t, Value query, bool by_lines,
               bool derivative) {
    const TraceForm form = *TraceFormOf(graph_, state);
    const std::string number = t == 0 ? "" : std::to_string(t);
    const History a = HistoryOf(state, form.terms[t].pre, "pre" + number);
    const History b = HistoryOf(state, ScaledPost(builder, state, t), "post" + number);
    const History& keys = by_lines ? b : a;
    const History& values = by_lines ? a : b;
    return builder.Apply("LinearAttention", {query, keys.value, values.value, form.decay.value},
                         {options_.steps, state.adjoint, keys.lag, values.lag, derivative});
  }

  // With a scale that is not the same at all steps.
  Value ScaledPost(NodeBuilder& builder, const State& state, size_t t) {
    const OuterTerm term = TraceFormOf(graph_, state)->terms[t];
    if (!term.scale || term.scale.constant) return term.post;
    Value& scaled = scaled_[{state.value.id, t}];
    if (!scaled) scaled = builder.Mul(term.scale.value, term.post);
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
    if (!DependsOn(graph_, {trace.value})[value]) return {value, 1};
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
  NodeMap<bool> is_backward_;
  std::map<std::int32_t, State> traces_;  // by the id of their value
  std::map<std::tuple<std::int32_t, std::int32_t, bool>, Value> products_;
  std::map<std::pair<std::int32_t, size_t>, Value> scaled_;  // by trace and term
};

}  // namespace

void SumPastUpdates(const PlannedFor& options, Graph& graph) { UpdateSummer(options, graph).Run(); }

}  // namespace plgraph
