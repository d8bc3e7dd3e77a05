#ifndef PLGRAPH_GRAPH_IR_TRACE_NOTE_H_
#define PLGRAPH_GRAPH_IR_TRACE_NOTE_H_

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

#endif  // PLGRAPH_GRAPH_IR_TRACE_NOTE_H_
