// MaxPool2D: the largest element of each window. MaxPool2DGradient: its adjoint, d added to the first largest element
// of each window.
#include <cmath>

#include "graph/node_builder.h"
#include "graph/op_registry.h"
#include "ops/pooling.h"

namespace plgraph {
namespace {

// Where the first largest element lies in its plane. What is not a number counts as the largest, so that it is seen.
template <typename T>
std::int64_t LargestIn(const PlanePart& part, const T* plane, std::int64_t width) {
  std::int64_t best = part.top * width + part.left;
  for (std::int64_t line = part.top; line < part.bottom; ++line) {
    for (std::int64_t at = line * width + part.left; at < line * width + part.right; ++at) {
      if (plane[at] > plane[best] || (std::isnan(plane[at]) && !std::isnan(plane[best]))) best = at;
    }
  }
  return best;
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
    for (std::int64_t place = 0; place < windows.result_plane(); ++place) {
      result[place] = plane[LargestIn(windows.Part(place), plane, windows.width())];
    }
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
    for (std::int64_t place = 0; place < windows.result_plane(); ++place) {
      result[LargestIn(windows.Part(place), plane, windows.width())] += d[place];
    }
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
