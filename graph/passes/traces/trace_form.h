#ifndef PLGRAPH_GRAPH_PASSES_TRACES_TRACE_FORM_H_
#define PLGRAPH_GRAPH_PASSES_TRACES_TRACE_FORM_H_

#include <optional>
#include <vector>

#include "graph/ir/graph.h"

namespace plgraph {

/// What stands before each element of a trace [N, M], or of what is added to it.
struct TraceFactor {
  enum Kind {
    kOne,
    kNumber,         ///< a scalar
    kPerColumn,      ///< [M]
    kPerRow,         ///< [N, 1]
    kPerConnection,  ///< [N, M]
  };

  Value value = {};  ///< no value for kOne
  Kind kind = kOne;
  bool constant = true;  ///< the same for all samples and steps

  explicit operator bool() const { return kind != kOne; }
};

/// scale o (pre post^T).
struct OuterTerm {
  Value pre;   ///< [N]
  Value post;  ///< [M]
  TraceFactor scale;
};

/// A matrix that follows from a trace H within a step: decay o H + the sum of outer products. Every plasticity rule makes
/// such a matrix of its trace but for a limit, a normalisation or a delta term (ops/hebbian_trace.cc names the rules), and
/// so does the gradient of a trace, with a term for each product with the trace. The only place that knows with which ops
/// an update is written.
struct TraceForm {
  TraceFactor decay;
  std::vector<OuterTerm> terms;
  std::vector<Value> inner;  ///< the matrices from which it is made, without H
};

/// The form of a matrix made of the value of a state; no value if it has another.
std::optional<TraceForm> TraceFormOf(const Graph& graph, const State& state, Value matrix);

/// The form of the update of a state.
inline std::optional<TraceForm> TraceFormOf(const Graph& graph, const State& state) {
  return TraceFormOf(graph, state, state.next);
}

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PASSES_TRACES_TRACE_FORM_H_
