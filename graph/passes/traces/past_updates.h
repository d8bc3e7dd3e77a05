#ifndef PLGRAPH_GRAPH_PASSES_TRACES_PAST_UPDATES_H_
#define PLGRAPH_GRAPH_PASSES_TRACES_PAST_UPDATES_H_

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "graph/passes/traces/trace_reads.h"

namespace plgraph {

/// Writes what is wanted of traces that are sums over past updates,
///   H_t = (d_0 ... d_(t-1)) H_0 + the sum over s < t of (d_(s+1) ... d_(t-1)) scale o (pre_s post_s^T),
/// from their updates, without the traces. Their decays d are numbers.
class PastUpdates {
 public:
  PastUpdates(const PlannedFor& planned, Graph& graph) : planned_(planned), graph_(graph) {}

  /// x^T V, or V x (`by_rows`), of a matrix V of this form.
  Value ProductOf(NodeBuilder& builder, const Trace& trace, const TraceForm& form, Value x, bool by_rows);

  /// The product of a matrix of a trace and one of its gradient, all elements summed.
  Value DotOf(NodeBuilder& builder, const Trace& trace, const TraceForm& form, const Trace& gradient,
              const TraceForm& form_of_gradient);

  /// The sum over all steps of the product of a trace and its gradient, for one constant decay: numbers of each step that
  /// have this sum. By what each update of the gradient, scale o (x d^T), is multiplied with: the trace of that step derived
  /// by the decay.
  Value DerivativeByDecay(NodeBuilder& builder, const Trace& trace, const Trace& gradient);

  /// The state with which a run starts, and which becomes the trace after the last step; in the place of the trace.
  void KeepStart(const Trace& trace);

 private:
  // Where a value of the steps before is found: as it was `lag` steps before that.
  struct History {
    Value value;
    std::int64_t lag = 0;
  };

  Value Product(NodeBuilder& builder, const Trace& trace, Value x, bool by_rows);
  Value DotOfStates(const Trace& trace, const Trace& gradient);
  Value DotsOfUpdates(NodeBuilder& builder, const Trace& trace, const Trace& gradient);
  Value DotOfStart(NodeBuilder& builder, const Trace& trace, const Trace& gradient);
  Value Attend(NodeBuilder& builder, const Trace& trace, size_t term, Value query, bool by_rows,
               bool derivative);
  Value StartOf(const Trace& trace);
  Value DecayOf(const Trace& trace);
  Value ScaledPost(const Trace& trace, size_t term);
  History HistoryOf(const Trace& trace, Value value, const std::string& role);
  Value AddState(const Trace& trace, const std::string& name, const Shape& shape);
  static bool ScalesAfter(const OuterTerm& term) { return term.scale && term.scale.constant(); }

  const PlannedFor& planned_;
  Graph& graph_;
  std::map<std::tuple<std::int32_t, std::int32_t, bool>, Value> products_;  // by trace, vector, by_rows
  std::map<std::pair<std::int32_t, size_t>, Value> scaled_;                 // by trace and term
  std::map<std::int32_t, Value> decays_, starts_, dots_;                    // by trace
};

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PASSES_TRACES_PAST_UPDATES_H_
