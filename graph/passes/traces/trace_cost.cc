#include "graph/passes/traces/trace_cost.h"

namespace plgraph {

TraceCost CostAsMatrix(const TraceUse& use, std::int64_t steps) {
  constexpr std::int64_t kUpdate = 3;  // operations an element
  constexpr std::int64_t kProduct = 2;
  constexpr std::int64_t kInvert = 4;
  const double elements = static_cast<double>(steps) * static_cast<double>(use.shape.NumElements());
  const std::int64_t operations =
      kUpdate + kProduct * (use.products + (use.dot ? 1 : 0)) + (use.inverted ? kInvert : 0);
  const int passes = use.inverted ? 2 : 1;
  return {elements * static_cast<double>(operations), 2 * elements * passes};
}

TraceCost CostAsSum(const TraceUse& use, std::int64_t steps) {
  const auto last = static_cast<double>(steps);
  const double updates = last * (last - 1) / 2;  // of all steps so far, summed over the steps
  const double vectors = static_cast<double>(use.shape.dim(0)) + static_cast<double>(use.shape.dim(1));
  const auto products = static_cast<double>(use.products + (use.dot ? 1 : 0));
  return {2 * products * updates * vectors, products * updates * vectors};
}

}  // namespace plgraph
