// Transpose: the axes in another order: axis i of the result is axis order[i] of x. No order: reversed.
#include <fmt/format.h>

#include <algorithm>

#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/kernels/transpose_rows.h"
#include "ops/shape_rules.h"
#include "ops/strided_loop.h"

namespace plgraph {
namespace {

// Of a square of this size, the rows read and the rows written fit into the first cache.
constexpr std::int64_t kTile = 32;

const std::vector<std::int64_t>& Order(std::span<const AttributeValue> attributes) {
  return std::get<IntegerList>(attributes[0]);
}

std::int64_t SourceAxis(const std::vector<std::int64_t>& order, int rank, int axis) {
  return order.empty() ? rank - 1 - axis : order[static_cast<size_t>(axis)];
}

Shape ShapeRule(const ShapeArgs& args) {
  const Shape& x = CheckedShape(args, 0, "x");
  const std::vector<std::int64_t>& order = Order(args.attributes);
  std::vector<std::int64_t> dims;
  std::vector<bool> taken(x.dims().size());
  bool permutation = order.empty() || order.size() == x.dims().size();
  for (int axis = 0; axis < x.rank() && permutation; ++axis) {
    const std::int64_t source = SourceAxis(order, x.rank(), axis);
    permutation = source >= 0 && source < x.rank() && !taken[static_cast<size_t>(source)];
    if (!permutation) break;
    taken[static_cast<size_t>(source)] = true;
    dims.push_back(x.dim(static_cast<int>(source)));
  }
  if (permutation) return Shape(std::move(dims));
  throw ShapeError(
      fmt::format("operand \"x\" has shape {} but order is {}; order must name each axis from 0 to {} once",
                  x.ToString(), Shape(order).ToString(), x.rank() - 1));
}

Gradients Adjoint(GradBuilder& g) {
  const std::vector<std::int64_t>& order = Order(g.attributes());
  std::vector<std::int64_t> inverse(order.size());
  for (size_t i = 0; i < order.size(); ++i)
    inverse[static_cast<size_t>(order[i])] = static_cast<std::int64_t>(i);
  return {g.Apply("Transpose", {g.OutputGradient()}, {inverse})};
}

// Over the result in its order; beside it, x.
template <typename T>
StridedLoop<2> LoopOverResult(const KernelArgs<T>& args) {
  const OperandInstances<T>& x = args.operand(0);
  const AxisStrides in_x = BroadcastStrides(*x.shape, *x.shape);
  AxisStrides strides{};
  for (int axis = 0; axis < x.shape->rank(); ++axis) {
    const std::int64_t source = SourceAxis(Order(args.attributes), x.shape->rank(), axis);
    strides[static_cast<size_t>(axis)] = in_x[static_cast<size_t>(source)];
  }
  return LoopOver<2>(args.instances, {args.result_stride, x.instance_stride}, *args.shape,
                     {BroadcastStrides(*args.shape, *args.shape), strides});
}

template <typename T>
void CopyRuns(const KernelArgs<T>& args, const StridedLoop<2>& loop) {
  const std::int64_t result_stride = loop.RunStrides()[0];
  const std::int64_t x_stride = loop.RunStrides()[1];
  args.threads->For(loop.NumElements(), kCheapGrain, kRangeAlign, [&](std::int64_t begin, std::int64_t end) {
    loop.Run(begin, end, [&](const auto& offsets, std::int64_t n) {
      T* const result = args.result + offsets[0];
      const T* const x = args.operand(0).data + offsets[1];
      for (std::int64_t i = 0; i < n; ++i) result[i * result_stride] = x[i * x_stride];
    });
  });
}

// Matrices whose rows are the axis `along`, contiguous in x, and whose columns are the innermost axis, contiguous
// in the result; square by square.
template <typename T>
void CopyTiles(const KernelArgs<T>& args, const StridedLoop<2>& loop, size_t along) {
  const size_t inner = loop.axes() - 1;
  StridedLoop<2> matrices;
  for (size_t axis = 0; axis < inner; ++axis) {
    if (axis != along) matrices.AddAxis(loop.extent(axis), loop.strides(axis));
  }
  const std::int64_t rows = loop.extent(along);
  const std::int64_t columns = loop.extent(inner);
  const std::int64_t result_stride = loop.strides(along)[0];
  const std::int64_t x_stride = loop.strides(inner)[1];
  const auto tile = [&](T* result, const T* x, std::int64_t row, std::int64_t column) {
    TransposeRows<T>({result + row * result_stride + column, result_stride},
                     {x + column * x_stride + row, x_stride},
                     {std::min(kTile, columns - column), std::min(kTile, rows - row)});
  };
  const std::int64_t strips = (rows + kTile - 1) / kTile;
  const std::int64_t grain = std::max<std::int64_t>(1, kCheapGrain / (std::min(kTile, rows) * columns));
  args.threads->For(matrices.NumElements() * strips, grain, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t strip = begin; strip < end; ++strip) {
      matrices.Run(strip / strips, strip / strips + 1, [&](const auto& offsets, std::int64_t) {
        for (std::int64_t column = 0; column < columns; column += kTile) {
          tile(args.result + offsets[0], args.operand(0).data + offsets[1], strip % strips * kTile, column);
        }
      });
    }
  });
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const StridedLoop<2> loop = LoopOverResult(args);
  size_t along = 0;
  while (along < loop.axes() && loop.strides(along)[1] != 1) ++along;
  if (along + 1 < loop.axes() && loop.RunStrides()[0] == 1) return CopyTiles(args, loop, along);
  CopyRuns(args, loop);
}

const OpDef kTranspose = {
    .name = "Transpose",
    .operands = {{"x"}},
    .attributes = {"order"},
    .shape_rule = ShapeRule,
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = NoFlops,
};
PLGRAPH_REGISTER_OP(kTranspose);

}  // namespace
}  // namespace plgraph
