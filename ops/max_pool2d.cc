// MaxPool2D: the largest element of each window. MaxPool2DGradient: its adjoint, d added to the first largest element
// of each window.
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/kernels/largest_elements.h"
#include "ops/kernels/window_grid.h"
#include "ops/pooling.h"

namespace plgraph {
namespace {

// The windows of a plane, as many together as can be taken at once: rows of them where nothing is cut; where padding
// cuts the first ones and the last ones of each row, these one by one.
template <typename T>
class WindowParts {
 public:
  explicit WindowParts(const PoolingWindows& windows) : windows_(windows), count_(windows.result_columns()) {
    const std::int64_t stride = windows.stride()[1];
    const std::int64_t padding = windows.padding()[1];
    begin_ = std::min(FirstAtLeast(padding, stride), count_);
    const std::int64_t room = windows.width() + padding - windows.kernel()[1];
    end_ = std::clamp(FirstAtLeast(room + 1, stride), begin_, count_);
    all_.width = windows.width();
    all_.window_row_step = windows.stride()[0] * windows.width();
    all_.step = stride;
    all_.window_rows = windows.padding()[0] == 0 ? windows.result_rows() : 1;
    all_.apart = windows.stride()[0] >= windows.kernel()[0] && stride >= windows.kernel()[1];
  }

  /// Calls body(windows, place) with all of them; `place`: of the first in the result.
  template <typename Body>
  void ForEach(const T* plane, const Body& body) const {
    for (std::int64_t row = 0; row < windows_.result_rows(); row += all_.window_rows) {
      for (std::int64_t column = 0; column < begin_; ++column) Take(plane, row, column, 1, body);
      if (begin_ < end_) Take(plane, row, begin_, end_ - begin_, body);
      for (std::int64_t column = end_; column < count_; ++column) Take(plane, row, column, 1, body);
    }
  }

 private:
  template <typename Body>
  void Take(const T* plane, std::int64_t row, std::int64_t column, std::int64_t count,
            const Body& body) const {
    const PlaneRange rows = windows_.RowsOf(row);
    const PlaneRange columns = windows_.ColumnsOf(column);
    PlaneWindows<T> some = all_;
    some.plane = plane;
    some.first = rows.begin * windows_.width() + columns.begin;
    some.rows = rows.size();
    some.columns = columns.size();
    some.count = count;
    body(some, row * count_ + column);
  }

  const PoolingWindows& windows_;
  std::int64_t count_;  // of a row of windows
  std::int64_t begin_ = 0;
  std::int64_t end_ = 0;  // of those that are not cut at a side
  PlaneWindows<T> all_;   // what they have in common
};

Gradients Adjoint(GradBuilder& g) {
  return {g.Apply("MaxPool2DGradient", {g.OutputGradient(), g.Operand(0)}, g.attributes())};
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const PoolingWindows windows(args.attributes, *args.operand(0).shape, *args.shape);
  const WindowParts<T> parts(windows);
  ForEachChannel(args, windows, [&](std::int64_t instance, std::int64_t channel) {
    const T* plane = args.operand(0).Instance(instance) + channel * windows.image_plane();
    T* result = args.ResultInstance(instance) + channel * windows.result_plane();
    parts.ForEach(
        plane, [&](const PlaneWindows<T>& part, std::int64_t place) { FindLargest(part, result + place); });
  });
}

template <typename T>
void GradientKernel(const KernelArgs<T>& args) {
  const PoolingWindows windows(args.attributes, *args.shape, *args.operand(0).shape);
  const WindowParts<T> parts(windows);
  ForEachChannel(args, windows, [&](std::int64_t instance, std::int64_t channel) {
    const T* d = args.operand(0).Instance(instance) + channel * windows.result_plane();
    const T* plane = args.operand(1).Instance(instance) + channel * windows.image_plane();
    T* result = args.ResultInstance(instance) + channel * windows.image_plane();
    std::fill_n(result, windows.image_plane(), T{0});
    parts.ForEach(plane, [&](const PlaneWindows<T>& part, std::int64_t place) {
      AddToLargest(part, d + place, result);
    });
  });
}

std::int64_t Flops(const ShapeArgs& args, const Shape& result) {
  return result.NumElements() * LargestWindow(args.attributes, args.operand(0));
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
