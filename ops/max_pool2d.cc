// MaxPool2D: the largest element of each window. MaxPool2DGradient: its adjoint, d added to the first largest element
// of each window.
#include "graph/node_builder.h"
#include "graph/op_registry.h"
#include "ops/kernels/largest_elements.h"
#include "ops/kernels/window_grid.h"
#include "ops/pooling.h"

namespace plgraph {
namespace {

constexpr std::int64_t kWindows = 64;  // side by side

// Of some windows that lie side by side, the largest elements and where they lie in their plane.
template <typename T>
class LargestElements {
 public:
  LargestElements(const PoolingWindows& windows, std::int64_t line, std::int64_t column, std::int64_t count,
                  const T* plane) {
    const std::int64_t stride = windows.stride()[1];
    const std::int64_t padding = windows.padding()[1];
    const auto find = [&](std::int64_t i, std::int64_t some) {
      const PlaneRange lines = windows.LinesOf(line);
      const PlaneRange columns = windows.ColumnsOf(column + i);
      FindLargest<T>({plane, lines.begin * windows.width() + columns.begin, windows.width(), stride,
                      lines.size(), columns.size(), some},
                     values_ + i, places_ + i);
    };
    // The windows of which no column lies beyond the image; the others differ in their columns.
    const std::int64_t begin = std::clamp<std::int64_t>(FirstAtLeast(padding, stride) - column, 0, count);
    const std::int64_t room = windows.width() + padding - windows.kernel()[1];
    const std::int64_t end = std::clamp(FirstAtLeast(room + 1, stride) - column, begin, count);
    for (std::int64_t i = 0; i < begin; ++i) find(i, 1);
    if (begin < end) find(begin, end - begin);
    for (std::int64_t i = end; i < count; ++i) find(i, 1);
  }

  const T* values() const { return values_; }
  const PlaneIndex<T>* places() const { return places_; }

 private:
  T values_[kWindows];
  PlaneIndex<T> places_[kWindows];
};

// Calls body(place, count, largest) for the windows of a plane, some of a line at a time; `place`: in the result.
template <typename T, typename Body>
void ForEachGroup(const PoolingWindows& windows, const T* plane, const Body& body) {
  for (std::int64_t line = 0; line < windows.result_lines(); ++line) {
    for (std::int64_t column = 0; column < windows.result_columns(); column += kWindows) {
      const std::int64_t count = std::min(kWindows, windows.result_columns() - column);
      body(line * windows.result_columns() + column, count,
           LargestElements<T>(windows, line, column, count, plane));
    }
  }
}

Gradients Adjoint(GradBuilder& g) {
  return {g.Apply("MaxPool2DGradient", {g.OutputGradient(), g.Operand(0)}, g.attributes())};
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const PoolingWindows windows(args.attributes, *args.operand(0).shape, *args.shape);
  ForEachChannel(args, windows, [&](std::int64_t row, std::int64_t channel) {
    const T* plane = args.operand(0).Row(row) + channel * windows.image_plane();
    T* result = args.ResultRow(row) + channel * windows.result_plane();
    ForEachGroup(windows, plane, [&](std::int64_t place, std::int64_t count, const auto& largest) {
      std::copy_n(largest.values(), count, result + place);
    });
  });
}

template <typename T>
void GradientKernel(const KernelArgs<T>& args) {
  const PoolingWindows windows(args.attributes, *args.shape, *args.operand(0).shape);
  ForEachChannel(args, windows, [&](std::int64_t row, std::int64_t channel) {
    const T* d = args.operand(0).Row(row) + channel * windows.result_plane();
    const T* plane = args.operand(1).Row(row) + channel * windows.image_plane();
    T* result = args.ResultRow(row) + channel * windows.image_plane();
    std::fill_n(result, windows.image_plane(), T{0});
    ForEachGroup(windows, plane, [&](std::int64_t place, std::int64_t count, const auto& largest) {
      for (std::int64_t i = 0; i < count; ++i) result[largest.places()[i]] += d[place + i];
    });
  });
}

std::int64_t Flops(const ShapeArgs& args, const Shape& result) {
  const ImagePair kernel = PairOf(args.attributes[kPoolKernel], {});
  return result.NumElements() * kernel[0] * kernel[1];
}

const OpDef kMaxPool2D = {
    .name = "MaxPool2D",
    .operands = {{"x"}},
    .attributes = {"kernel", "stride", "padding"},
    .shape_rule = PooledShape,
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = Flops,
};
PLGRAPH_REGISTER_OP(kMaxPool2D);

const OpDef kMaxPool2DGradient = {
    .name = "MaxPool2DGradient",
    .operands = {{"d"}, {"x"}},
    .attributes = {"kernel", "stride", "padding"},
    .shape_rule = [](const ShapeArgs& args) { return args.operand(1); },
    .adjoint = NotDifferentiable,
    .kernel = PLGRAPH_KERNEL(GradientKernel),
    .internal = true,
};
PLGRAPH_REGISTER_OP(kMaxPool2DGradient);

}  // namespace
}  // namespace plgraph
