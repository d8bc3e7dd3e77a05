#ifndef PLGRAPH_GRAPH_PASSES_TRACES_TRACE_COST_H_
#define PLGRAPH_GRAPH_PASSES_TRACES_TRACE_COST_H_

#include <cstdint>

#include "core/shape.h"
#include "graph/ir/trace_note.h"

namespace plgraph {

/// How a trace, or the gradient of one, is used at each step.
struct TraceUse {
  Shape shape;
  std::int64_t products = 0;  ///< with a vector
  bool dot = false;           ///< the product with its gradient is summed up
  bool inverted = false;      ///< the backward pass needs it too
};

/// As a matrix that is updated step by step, in one pass a step and loop.
TraceCost CostAsMatrix(const TraceUse& use, std::int64_t steps);
/// As a sum over the updates so far.
TraceCost CostAsSum(const TraceUse& use, std::int64_t steps);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PASSES_TRACES_TRACE_COST_H_
