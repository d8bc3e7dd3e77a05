#include "graph/passes/traces/trace_reads.h"

#include <algorithm>

namespace plgraph {
namespace {

std::vector<Value> MatricesOf(const State& state, const std::optional<TraceForm>& form) {
  std::vector<Value> matrices = {state.value, state.next};
  if (form) matrices.insert(matrices.end(), form->inner.begin(), form->inner.end());
  return matrices;
}

std::vector<TraceRead> ReadsOf(const Graph& graph, const Trace& trace) {
  std::vector<TraceRead> reads;
  for (const Value matrix : trace.matrices) {
    for (const Value reader : graph.Users(matrix)) {
      if (std::find(trace.matrices.begin(), trace.matrices.end(), reader) == trace.matrices.end())
        reads.push_back({matrix, reader, TraceFormOf(graph, trace.state, matrix)});
    }
  }
  return reads;
}

}  // namespace

Traces::Traces(const Graph& graph) : of_matrix_(graph.size()) {
  for (const State& state : graph.states) {
    if (graph.node(state.value).shape.rank() < 2) continue;
    Trace& trace = traces_.emplace_back(Trace{.state = state});
    trace.form = TraceFormOf(graph, state, state.next);
    trace.matrices = MatricesOf(state, trace.form);
    trace.reads = ReadsOf(graph, trace);
    for (const Value matrix : trace.matrices) of_matrix_[matrix] = static_cast<int>(traces_.size());
  }
}

void Traces::Replace(Value old, Value value) {
  for (Trace& trace : traces_) {
    if (trace.form) plgraph::Replace(*trace.form, old, value);
    for (TraceRead& read : trace.reads) {
      if (read.form) plgraph::Replace(*read.form, old, value);
    }
  }
}

const Trace* Traces::OfMatrix(Value matrix) const {
  const int place = of_matrix_.Covers(matrix) ? of_matrix_[matrix] : 0;
  return place == 0 ? nullptr : &traces_[static_cast<size_t>(place - 1)];
}

const Trace* Traces::GradientOf(const Trace& trace) const {
  const auto found = std::find_if(traces_.begin(), traces_.end(), [&](const Trace& other) {
    return other.state.gradient_of && other.state.gradient_of == trace.value();
  });
  return found == traces_.end() ? nullptr : &*found;
}

bool AnyHasForm(const Graph& graph, ChosenForm form) {
  return std::any_of(graph.states.begin(), graph.states.end(),
                     [&](const State& state) { return state.form == form; });
}

bool StartsAtZero(const PlannedFor& planned, const State& state) {
  if (state.adjoint) return !state.resumes;
  return !state.kept && !state.initial && state.initial_constant == 0 && !planned.continued;
}

}  // namespace plgraph
