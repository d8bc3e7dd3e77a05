#ifndef PLGRAPH_GRAPH_PASSES_TRACES_TRACE_READS_H_
#define PLGRAPH_GRAPH_PASSES_TRACES_TRACE_READS_H_

#include <optional>
#include <vector>

#include "graph/ir/compile_options.h"
#include "graph/ir/graph.h"
#include "graph/ir/node_map.h"
#include "graph/passes/traces/trace_form.h"

namespace plgraph {

/// A node that reads a matrix of a trace to another end than to make the next trace.
struct TraceRead {
  Value matrix;
  Value reader;
  std::optional<TraceForm> form = {};  ///< of the matrix, as made of the trace
};

/// A state that is a matrix, or of more axes, and who reads it.
struct Trace {
  State state;
  std::optional<TraceForm> form = {};  ///< of what the state becomes
  std::vector<Value> matrices = {};    ///< the trace, what it becomes within a step, and what that is made of
  std::vector<TraceRead> reads = {};   ///< of all of these

  Value value() const { return state.value; }
};

/// All traces of a graph, the gradients of traces among them.
class Traces {
 public:
  explicit Traces(const Graph& graph);

  const std::vector<Trace>& all() const& { return traces_; }
  /// The trace of which a value is a matrix; null if it is none.
  const Trace* OfMatrix(Value matrix) const;
  /// Takes a value in the place of another wherever the updates of the traces are made of that.
  void Replace(Value old, Value value);
  /// The gradient of a trace, as a matrix; null if there is none.
  const Trace* GradientOf(const Trace& trace) const;

 private:
  std::vector<Trace> traces_;
  NodeMap<int> of_matrix_;  // 1 more than the place in traces_
};

/// Whether a form was chosen for any trace.
bool AnyHasForm(const Graph& graph, ChosenForm form);

/// Whether nothing but the start of a run gives a trace another value than zero there.
bool StartsAtZero(const PlannedFor& planned, const State& state);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PASSES_TRACES_TRACE_READS_H_
