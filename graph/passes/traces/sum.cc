// Traces that are never made. A trace that follows H' = decay H + scale o (a b^T) with a decay that is one number is a
// sum over past updates, so that its product with a vector is one over their vectors (op LinearAttention): T vectors in
// place of a matrix. The same holds for the gradient of a trace, a sum over the updates that come after, with a term
// for each product that reads the trace. A product with what the trace becomes at this step is that with the trace, and
// those with the terms of this step. A trace that does not start at zero keeps the matrix with which a run starts.
#include <algorithm>

#include "graph/ir/known_ops.h"
#include "graph/ir/node_builder.h"
#include "graph/ir/rewriter.h"
#include "graph/passes/passes.h"
#include "graph/passes/traces/past_updates.h"
#include "graph/passes/traces/trace_reads.h"

namespace plgraph {
namespace {

using enum plastic_mat_mul::Operand;

class UpdateSummer {
 public:
  UpdateSummer(const PlannedFor& planned, Graph& graph)
      : planned_(planned), graph_(graph), traces_(graph), updates_(planned, graph) {}

  void Run() {
    for (const Trace& trace : traces_.all()) {
      if (trace.state.form == ChosenForm::kSum) Replace(trace);
    }
    DropDeadNodes(graph_, planned_.outputs);
  }

 private:
  // Puts sums in the place of all that reads a trace.
  void Replace(const Trace& trace) {
    for (const TraceRead& read : trace.reads) {
      const Node reader = graph_.node(read.reader);
      NodeBuilder builder(graph_, reader);
      if (IsOp(reader, Ops().dot)) {
        if (!trace.state.adjoint)
          Redirect(read.reader, Dot(builder, trace, read));  // not once more for the gradient
      } else if (IsOp(reader, Ops().mat_mul)) {
        const bool by_rows = reader.operands[0] == read.matrix;
        const Value x = reader.operands[by_rows ? 1 : 0];
        Redirect(read.reader, updates_.ProductOf(builder, trace, *read.form, x, by_rows));
      } else {
        Redirect(read.reader, PlasticProduct(builder, trace, *read.form, reader));
      }
    }
    std::erase_if(graph_.states, [&](const State& state) { return state.value == trace.value(); });
    if (!StartsAtZero(planned_, trace.state)) KeepStart(trace);
  }

  Value PlasticProduct(NodeBuilder& builder, const Trace& trace, const TraceForm& form, const Node& reader) {
    const Value x = reader.operands[kX];
    const Value weight = reader.operands[kWeight];
    const Value plasticity = reader.operands[kPlasticity];
    if (IsOp(reader, Ops().plastic_mat_mul)) {
      return builder.Add(builder.MatMul(x, weight),
                         builder.Mul(plasticity, updates_.ProductOf(builder, trace, form, x, false)));
    }
    const Value scaled = builder.Mul(plasticity, x);
    return builder.Add(builder.MatMul(weight, x), updates_.ProductOf(builder, trace, form, scaled, true));
  }

  // The gradient of a decay. Where the sum over all steps is all that is wanted of it, and the decay is constant, that
  // is what it follows from.
  Value Dot(NodeBuilder& builder, const Trace& trace, const TraceRead& read) {
    const Node& dot = graph_.node(read.reader);
    const Value other = dot.operands[dot.operands[0] == read.matrix ? 1 : 0];
    const Trace& gradient = *traces_.OfMatrix(other);
    const bool of_states = read.matrix == trace.value() && other == gradient.value();
    if (of_states && trace.form->decay.constant() && StartsAtZero(planned_, trace.state) &&
        IsSummedUp(read.reader))
      return updates_.DerivativeByDecay(builder, trace, gradient);
    return updates_.DotOf(builder, trace, *read.form, gradient, *TraceFormOf(graph_, gradient.state, other));
  }

  // Only the sum over all samples and steps is wanted.
  bool IsSummedUp(Value value) const {
    const std::vector<Value> users = graph_.Users(value);
    return !users.empty() && std::all_of(users.begin(), users.end(), [&](Value user) {
      const Node& node = graph_.node(user);
      return IsOp(node, Ops().sum_instances) && AttributeOf<bool>(node, kOverSamples) &&
             AttributeOf<bool>(node, kOverSteps);
    });
  }

  // The matrix at the start of a run takes the name of the trace.
  void KeepStart(const Trace& trace) {
    updates_.KeepStart(trace);
    const std::string name = graph_.node(trace.value()).name;
    graph_.Rename(trace.value(), name + "/of_matrix");
    graph_.Rename(graph_.states.back().value, name);
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
    traces_.Replace(old, value);
    const std::string name = graph_.node(old).name;
    graph_.Rename(old, name + "/of_matrix");
    graph_.Rename(value, name);
    for (const auto& [alias, node] : std::vector(graph_.Aliases())) {
      if (node == old) graph_.Alias(alias, value);
    }
  }

  const PlannedFor& planned_;
  Graph& graph_;
  Traces traces_;
  PastUpdates updates_;
};

}  // namespace

void SumPastUpdates(const PlannedFor& planned, Graph& graph) {
  if (AnyHasForm(graph, ChosenForm::kSum)) UpdateSummer(planned, graph).Run();
}

}  // namespace plgraph
