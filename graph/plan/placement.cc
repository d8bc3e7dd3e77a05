#include "graph/plan/placement.h"

#include "graph/ir/tuning.h"

namespace plgraph {

Placement SlotsFor(const Node& node, std::int64_t slots, std::int64_t batch) {
  Placement placement;
  const CheckedSize size = node.shape.NumElements();
  placement.slots = slots;
  placement.instance_stride = node.variance.sample ? size.value() : 0;
  placement.slot_stride = (node.variance.sample ? size * batch : size).value();
  return placement;
}

std::int64_t WholeCacheLines(CheckedSize elements) {
  constexpr std::int64_t kLine = tuning::kCacheLineElements;
  return (elements + (kLine - 1)).value() / kLine * kLine;
}

std::int64_t SizeOf(const Placement& placement) {
  return WholeCacheLines(CheckedSize(placement.slots) * placement.slot_stride);
}

}  // namespace plgraph
