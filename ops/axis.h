#ifndef PLGRAPH_OPS_AXIS_H_
#define PLGRAPH_OPS_AXIS_H_

#include <algorithm>
#include <cstdint>
#include <variant>

#include "graph/ir/kernel_args.h"
#include "ops/strided_loop.h"

namespace plgraph {

/// The axis of a shape that a checked attribute names: counted from the end when negative.
inline int ResolveAxis(std::int64_t axis, const Shape& shape) {
  return static_cast<int>(axis < 0 ? axis + shape.rank() : axis);
}

/// A shape seen around one axis: element (o, k, i) is at (o * size + k) * inner + i. For each pair
/// (o, i) the elements along the axis are a line; where the axis is the last one of a matrix, that is a row.
struct AxisView {
  std::int64_t outer = 1;
  std::int64_t size = 1;
  std::int64_t inner = 1;

  std::int64_t lines() const { return outer * inner; }
  /// The first element of a line; the others follow at steps of `inner`.
  std::int64_t LineStart(std::int64_t line) const { return line / inner * size * inner + line % inner; }
};

inline AxisView ViewAround(const Shape& shape, std::int64_t axis) {
  const int at = ResolveAxis(axis, shape);
  AxisView view;
  for (int i = 0; i < shape.rank(); ++i)
    (i < at ? view.outer : i == at ? view.size : view.inner) *= shape.dim(i);
  return view;
}

/// An unset axis stands for all of them: one line.
inline AxisView ViewAround(const Shape& shape, const AttributeValue& axis) {
  if (std::holds_alternative<std::monostate>(axis)) return {1, shape.NumElements(), 1};
  return ViewAround(shape, std::get<std::int64_t>(axis));
}

/// Calls body(instance, line) for every line of every instance, shared among threads when there is much to do; `grain`
/// is in elements.
template <typename T, typename Body>
void ForEachLine(const KernelArgs<T>& args, const AxisView& view, std::int64_t grain, const Body& body) {
  const std::int64_t lines = view.lines();
  const std::int64_t lines_a_range = std::max<std::int64_t>(1, grain / view.size);
  args.threads->For(args.instances * lines, lines_a_range, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) body(i / lines, i % lines);
  });
}

}  // namespace plgraph

#endif  // PLGRAPH_OPS_AXIS_H_
