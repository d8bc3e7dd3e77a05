#ifndef PLGRAPH_GRAPH_PASSES_TRACES_TRACE_COST_H_
#define PLGRAPH_GRAPH_PASSES_TRACES_TRACE_COST_H_

#include <cstdint>

#include "core/shape.h"
#include "graph/ir/trace_choice.h"

namespace plgraph {

/// How a trace, or the gradient of one, is used at each step.
struct TraceUse {
  Shape shape;
  std::int64_t products = 0;   ///< with a vector
  std::int64_t terms = 1;      ///< outer products that are added to it
  bool dot = false;            ///< its product with its gradient is wanted
  bool read_backward = false;  ///< the backward pass reads a trace of the forward pass
  bool starts_at_zero = true;
};

/// In a form, over the steps of an episode; as a sum only of a matrix [N, M]. A gradient is a matrix that is kept, of
/// which one is in memory, or a sum.
TraceCost CostOf(ChosenForm form, const TraceUse& use, std::int64_t steps);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PASSES_TRACES_TRACE_COST_H_
