// MaxPool2D: the largest element of each window. MaxPool2DGradient: its adjoint, d added to the first largest element
// of each window.
#include <cmath>
#include <limits>
#include <type_traits>

#include "core/independent.h"
#include "graph/node_builder.h"
#include "graph/op_registry.h"
#include "ops/kernels/window_grid.h"
#include "ops/pooling.h"

namespace plgraph {
namespace {

constexpr std::int64_t kWindows = 32;  // side by side

// Of some windows that lie side by side, the largest elements and where they lie in their plane; the first of equal
// ones. What is not a number counts as the largest, so that it is seen. All windows are taken through one element after
// the other, without a branch: which element is the largest cannot be foretold.
template <typename T>
class LargestElements {
 public:
  using Place = std::conditional_t<sizeof(T) == sizeof(float), std::int32_t, std::int64_t>;  // as wide as T

  LargestElements(const PoolingWindows& windows, std::int64_t line, std::int64_t column, std::int64_t count,
                  const T* plane)
      : first_(column), count_(count) {
    const PlaneRange lines = windows.LinesOf(line);
    for (std::int64_t i = 0; i < count; ++i) {
      values_[i] = -std::numeric_limits<T>::infinity();
      places_[i] = static_cast<Place>(lines.begin * windows.width() + windows.ColumnsOf(column + i).begin);
    }
    for (std::int64_t at = lines.begin; at < lines.end; ++at) {
      for (std::int64_t tap = 0; tap < windows.kernel()[1]; ++tap) Take(windows, tap, at, plane);
    }
  }

  const T* values() const { return values_; }
  const Place* places() const { return places_; }

 private:
  void Take(const PoolingWindows& windows, std::int64_t tap, std::int64_t line, const T* plane) {
    const std::int64_t stride = windows.stride()[1];
    const std::int64_t left = first_ * stride - windows.padding()[1] + tap;  // of the first window
    // The windows of which the tap lies in the image.
    const std::int64_t begin = std::min(count_, FirstAtLeast(-left, stride));
    const std::int64_t end = std::clamp(FirstAtLeast(windows.width() - left, stride), begin, count_);
    const std::int64_t from = line * windows.width() + left;
    switch (stride) {
      case 1:
        return Compare<1>(begin, end, 1, from, plane);
      case 2:
        return Compare<2>(begin, end, 2, from, plane);
      default:
        return Compare<0>(begin, end, stride, from, plane);
    }
  }

  // kStride 0: it is known only here.
  template <std::int64_t kStride>
  void Compare(std::int64_t begin, std::int64_t end, std::int64_t stride, std::int64_t from, const T* plane) {
    if constexpr (kStride != 0) stride = kStride;
    PLGRAPH_INDEPENDENT
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t place = from + i * stride;
      const T value = plane[place];
      const T largest = values_[i];
      const bool larger = !(value <= largest) & !std::isnan(largest);
      values_[i] = larger ? value : largest;
      places_[i] = larger ? static_cast<Place>(place) : places_[i];
    }
  }

  std::int64_t first_;
  std::int64_t count_;
  T values_[kWindows];
  Place places_[kWindows];
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
