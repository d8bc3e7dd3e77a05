// AvgPool2D: the mean of what each window sees of the image. AvgPool2DGradient: its adjoint, d shared evenly among
// what the window sees.
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/pooling.h"

namespace plgraph {
namespace {

Gradients Adjoint(GradBuilder& g) {
  std::vector<AttributeValue> attributes = g.attributes();
  attributes.emplace_back(g.shape(g.Operand(0)).dims());
  return {g.Apply("AvgPool2DGradient", {g.OutputGradient()}, std::move(attributes))};
}

// Calls body(place, rows, columns) for every window of a plane: its place in the result, and what it sees.
template <typename Body>
void ForEachWindow(const PoolingWindows& windows, const Body& body) {
  std::int64_t place = 0;
  for (std::int64_t row = 0; row < windows.result_rows(); ++row) {
    const PlaneRange rows = windows.RowsOf(row);
    for (std::int64_t column = 0; column < windows.result_columns(); ++column) {
      body(place++, rows, windows.ColumnsOf(column));
    }
  }
}

// Calls body(at) for every element of a window.
template <typename Body>
void ForEachElementOf(const PlaneRange& rows, const PlaneRange& columns, std::int64_t width,
                      const Body& body) {
  for (std::int64_t row = rows.begin; row < rows.end; ++row) {
    for (std::int64_t at = columns.begin; at < columns.end; ++at) body(row * width + at);
  }
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const PoolingWindows windows(args.attributes, *args.operand(0).shape, *args.shape);
  ForEachChannel(args, windows, [&](std::int64_t instance, std::int64_t channel) {
    const T* plane = args.operand(0).Instance(instance) + channel * windows.image_plane();
    T* result = args.ResultInstance(instance) + channel * windows.result_plane();
    ForEachWindow(windows, [&](std::int64_t place, const PlaneRange& rows, const PlaneRange& columns) {
      double sum = 0;
      ForEachElementOf(rows, columns, windows.width(),
                       [&](std::int64_t at) { sum += static_cast<double>(plane[at]); });
      result[place] = static_cast<T>(sum / static_cast<double>(rows.size() * columns.size()));
    });
  });
}

template <typename T>
void GradientKernel(const KernelArgs<T>& args) {
  const PoolingWindows windows(args.attributes, *args.shape, *args.operand(0).shape);
  ForEachChannel(args, windows, [&](std::int64_t instance, std::int64_t channel) {
    const T* d = args.operand(0).Instance(instance) + channel * windows.result_plane();
    T* result = args.ResultInstance(instance) + channel * windows.image_plane();
    std::fill_n(result, windows.image_plane(), T{0});
    ForEachWindow(windows, [&](std::int64_t place, const PlaneRange& rows, const PlaneRange& columns) {
      const T share = d[place] / static_cast<T>(rows.size() * columns.size());
      ForEachElementOf(rows, columns, windows.width(), [&](std::int64_t at) { result[at] += share; });
    });
  });
}

std::int64_t Flops(const ShapeArgs& args, const Shape& result) {
  return result.NumElements() * LargestWindow(args.attributes, args.operand(0));
}

const OpDef kAvgPool2D = {
    .name = "AvgPool2D",
    .operands = {{"x"}},
    .attributes = {"kernel", "stride", "padding"},
    .shape_rule = PooledShape,
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = Flops,
};
PLGRAPH_REGISTER_OP(kAvgPool2D);

const OpDef kAvgPool2DGradient = {
    .name = "AvgPool2DGradient",
    .operands = {{"d"}},
    .attributes = {"kernel", "stride", "padding", "shape"},
    .shape_rule = [](const ShapeArgs& args) { return Shape(std::get<IntegerList>(args.attributes.back())); },
    .adjoint = NotDifferentiable,
    .kernel = PLGRAPH_KERNEL(GradientKernel),
    .internal = true,
};
PLGRAPH_REGISTER_OP(kAvgPool2DGradient);

}  // namespace
}  // namespace plgraph
