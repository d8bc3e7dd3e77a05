// Conv2D: y[o, i, j] = bias[o] + sum_{c,k,l} weight[o, c, k, l] x[c, i s - p + k d, j s - p + l d].
// The gradient of x is the transposed convolution of d with the same weight.
#include <array>

#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/convolution_op.h"

namespace plgraph {
namespace {

enum Operand : size_t { kX, kWeight, kBias };

Shape ShapeRule(const ShapeArgs& args) {
  const std::int64_t channels = CheckedChannels(args, {"[O, C / groups, KH, KW]", 1});
  const Convolution convolution = ConvolutionOf(args.attributes);
  const auto along = [&](size_t axis) {
    const std::int64_t taps = args.operand(kWeight).dim(static_cast<int>(axis) + 2);
    return WindowsAlong(args.operand(kX).dim(static_cast<int>(axis) + 1),
                        Covered(taps, convolution.dilation[axis]), convolution.padding[axis],
                        convolution.stride[axis]);
  };
  return {channels, along(0), along(1)};
}

// What the transposed convolution has to add at the end to come back to the shape of x: places under the stride that
// no window reached.
std::vector<std::int64_t> PlacesLeft(const GradBuilder& g) {
  const Convolution convolution = ConvolutionOf(g.attributes());
  std::vector<std::int64_t> left;
  for (size_t axis = 0; axis < kImageAxes; ++axis) {
    const int dim = static_cast<int>(axis) + 1;
    const std::int64_t taps = g.shape(g.Operand(kWeight)).dim(dim + 1);
    const std::int64_t padded = g.shape(g.Operand(kX)).dim(dim) + 2 * convolution.padding[axis];
    left.push_back((padded - Covered(taps, convolution.dilation[axis])) % convolution.stride[axis]);
  }
  return left;
}

Gradients Adjoint(GradBuilder& g) {
  const auto [x, weight, bias] = g.Operands<3>();
  const Value d = g.OutputGradient();
  Gradients gradients(3);
  if (g.Wants(kX)) {
    std::vector<AttributeValue> attributes = g.attributes();
    attributes.emplace_back(PlacesLeft(g));
    gradients[kX] = g.Apply("ConvTranspose2D", {d, weight, {}}, std::move(attributes));
  }
  if (g.Wants(kWeight)) gradients[kWeight] = WeightGradient(g, x, d);
  if (g.Wants(kBias)) gradients[kBias] = BiasGradient(g);
  return gradients;
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const Convolution convolution = ConvolutionOf(args.attributes);
  const Shape& weight = *args.operand(kWeight).shape;
  const std::array<WindowGrid, 1> grid = {
      WindowGrid{{DirectAxis(convolution, 0, args.shape->dim(1), weight.dim(2)),
                  DirectAxis(convolution, 1, args.shape->dim(2), weight.dim(3))}}};
  const std::int64_t plane = weight.dim(2) * weight.dim(3);
  ForEachWeight(args, convolution.groups, {weight.dim(1) * plane, plane},
                [&](const ConvolutionCall<T>& call) { Convolve(call, grid, *args.threads); });
}

std::int64_t Flops(const ShapeArgs& args, const Shape& result) {
  const Shape& weight = args.operand(kWeight);
  return 2 * result.NumElements() * (weight.NumElements() / weight.dim(0));
}

const OpDef kConv2D = {
    .name = "Conv2D",
    .operands = {{"x"}, {"weight"}, {"bias", "*", true}},
    .attributes = {"stride", "padding", "dilation", "groups"},
    .shape_rule = ShapeRule,
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = Flops,
};
PLGRAPH_REGISTER_OP(kConv2D);

}  // namespace
}  // namespace plgraph
