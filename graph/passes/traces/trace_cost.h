#ifndef PLGRAPH_GRAPH_PASSES_TRACES_TRACE_COST_H_
#define PLGRAPH_GRAPH_PASSES_TRACES_TRACE_COST_H_

#include <cstdint>
#include <string>

#include "core/shape.h"

namespace plgraph {

/// What a trace costs in an episode of one sample. In double: a trace that no machine can hold costs more than fits
/// an integer, and is refused only once its memory is planned.
struct TraceCost {
  double operations = 0;  ///< on floating-point numbers
  double elements = 0;    ///< read or written

  friend TraceCost operator+(const TraceCost& a, const TraceCost& b) {
    return {a.operations + b.operations, a.elements + b.elements};
  }
};

/// How a trace, or the gradient of one, is used at each step.
struct TraceUse {
  Shape shape;
  std::int64_t products = 0;  ///< with a vector
  bool dot = false;           ///< the product with its gradient is summed up
  bool rewound = false;       ///< the way back needs it too
};

/// As a matrix that is updated step by step, in one pass a step and loop.
TraceCost CostAsMatrix(const TraceUse& use, std::int64_t steps);
/// As a sum over the updates so far.
TraceCost CostAsSum(const TraceUse& use, std::int64_t steps);

/// What the compiler decided for a trace, for its report.
struct TraceNote {
  std::string name;
  Shape shape;
  std::string reason;        ///< why it has to be a matrix; empty: the cost decided
  bool made = true;          ///< as a matrix
  TraceCost as_matrix = {};  ///< with its gradient
  TraceCost as_sum = {};
};

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PASSES_TRACES_TRACE_COST_H_
