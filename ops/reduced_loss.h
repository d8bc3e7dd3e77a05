#ifndef PLGRAPH_OPS_REDUCED_LOSS_H_
#define PLGRAPH_OPS_REDUCED_LOSS_H_

#include "graph/ir/node_builder.h"

namespace plgraph {

/// The sum or the mean of all elements, as the attribute of the message Reduction says.
inline Value Reduce(OpBuilder& b, Value elements, size_t attribute) {
  constexpr std::int64_t kMean = 1;
  return b.Integer(attribute) == kMean ? b.MeanTo(elements, {}) : b.SumAll(elements);
}

}  // namespace plgraph

#endif  // PLGRAPH_OPS_REDUCED_LOSS_H_
