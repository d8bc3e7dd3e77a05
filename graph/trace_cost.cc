#include "graph/trace_cost.h"

namespace plgraph {

TraceCost CostAsMatrix(const TraceUse& use, std::int64_t steps) {
  constexpr std::int64_t kUpdate = 3;  // operations an element
  constexpr std::int64_t kProduct = 2;
  constexpr std::int64_t kRewind = 4;
  const std::int64_t elements = steps * use.shape.NumElements();
  const std::int64_t operations =
      kUpdate + kProduct * (use.products + (use.dot ? 1 : 0)) + (use.rewound ? kRewind : 0);
  const std::int64_t passes = use.rewound ? 2 : 1;
  return {elements * operations, 2 * elements * passes};
}

TraceCost CostAsSum(const TraceUse& use, std::int64_t steps) {
  const std::int64_t updates = steps * (steps - 1) / 2;  // of all steps so far, summed over the steps
  const std::int64_t vectors = use.shape.dim(0) + use.shape.dim(1);
  const std::int64_t products = use.products + (use.dot ? 1 : 0);
  return {2 * products * updates * vectors, products * updates * vectors};
}

}  // namespace plgraph
