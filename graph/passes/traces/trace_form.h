#ifndef PLGRAPH_GRAPH_PASSES_TRACES_TRACE_FORM_H_
#define PLGRAPH_GRAPH_PASSES_TRACES_TRACE_FORM_H_

#include <optional>
#include <vector>

#include "graph/ir/node_builder.h"

namespace plgraph {

/// What stands before each element of a trace [N, M], or of what is added to it.
struct TraceFactor {
  enum Kind {
    kNumber,         ///< a scalar
    kPerColumn,      ///< [M]
    kPerRow,         ///< [N, 1]
    kPerConnection,  ///< [N, M]
  };

  Value value = {};   ///< no value: 1
  double number = 1;  ///< by which the value is multiplied
  Kind kind = kNumber;
  bool constant = true;  ///< the same for all samples and steps
  bool resets =
      false;  ///< it is 1 where the value is 0, and 0 elsewhere: the value is the condition of a Where
};

/// A product of factors; 1 if there are none.
struct TraceFactors {
  std::vector<TraceFactor> factors = {};

  /// Per what the product differs.
  TraceFactor::Kind kind() const;
  bool constant() const;
  explicit operator bool() const { return !factors.empty(); }
};

/// The product as a node; no value if it is 1.
Value ProductOf(NodeBuilder& builder, const TraceFactors& factors);

/// scale o (pre post^T).
struct OuterTerm {
  Value pre;   ///< [N]
  Value post;  ///< [M]
  TraceFactors scale;
};

/// A matrix that follows from a trace H within a step: decay o H + the sum of outer products. Every plasticity rule makes
/// such a matrix of its trace but for a limit, a normalisation or a delta term (ops/hebbian_trace.cc names the rules), and
/// so does the gradient of a trace, with a term for each product with the trace. The only place that knows with which ops
/// an update is written.
struct TraceForm {
  TraceFactors decay;
  std::vector<OuterTerm> terms;
  std::vector<Value>
      inner;  ///< the matrices from which it is made, without H, each after those it is made of
};

/// The form of a matrix made of the value of a state; no value if it has another.
std::optional<TraceForm> TraceFormOf(const Graph& graph, const State& state, Value matrix);

/// Takes a value in the place of another in the factors and terms of a form.
void Replace(TraceForm& form, Value old, Value value);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PASSES_TRACES_TRACE_FORM_H_
