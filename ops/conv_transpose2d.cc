// ConvTranspose2D: x[c, i, j] weight[c, o, k, l] is added to y[o, i s - p + k d, j s - p + l d]; then the bias.
// The gradient of x is the convolution of d with the same weight.
#include <fmt/format.h>

#include "core/checked_size.h"
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/convolution_op.h"
#include "ops/strided_loop.h"

namespace plgraph {
namespace {

enum Operand : size_t { kX, kWeight, kBias };
constexpr size_t kOutputPadding = kGroups + 1;

std::int64_t ResultAlong(const ShapeArgs& args, size_t axis, std::int64_t output_padding) {
  const Convolution convolution = ConvolutionOf(args.attributes);
  const std::int64_t size = args.operand(kX).dim(static_cast<int>(axis) + 1);
  const std::int64_t taps = args.operand(kWeight).dim(static_cast<int>(axis) + 2);
  const CheckedSize covered = CheckedSize(size - 1) * convolution.stride[axis] +
                              Covered(taps, convolution.dilation[axis]) + output_padding;
  const std::int64_t result = covered.value() - 2 * convolution.padding[axis];
  if (result >= 1) return result;
  throw ShapeError(
      fmt::format("padding is {}, which leaves nothing of the {} places that the kernel covers along an axis "
                  "of {}; take less "
                  "padding",
                  convolution.padding[axis], covered.value(), size));
}

Shape ShapeRule(const ShapeArgs& args) {
  const std::int64_t channels = CheckedChannels(args, {"[C, O / groups, KH, KW]", 0});
  const Convolution convolution = ConvolutionOf(args.attributes);
  const ImagePair output_padding = CheckedPair(args, kOutputPadding, "output_padding", 0, {0, 0});
  for (size_t axis = 0; axis < kImageAxes; ++axis) {
    const std::int64_t limit = std::max(convolution.stride[axis], convolution.dilation[axis]);
    if (output_padding[axis] < limit) continue;
    throw ShapeError(
        fmt::format("output_padding is {}; it must be under {}, the larger of stride and dilation",
                    output_padding[axis], limit));
  }
  return {channels, ResultAlong(args, 0, output_padding[0]), ResultAlong(args, 1, output_padding[1])};
}

// An output_padding that is not under the stride makes room for windows beyond those of x.
Value CutTo(GradBuilder& g, Value value, Value x) {
  const Shape shape = g.shape(x);
  for (const int axis : {1, 2}) {
    if (g.shape(value).dim(axis) == shape.dim(axis)) continue;
    value = g.Apply("Slice", {value}, {std::int64_t{axis}, std::int64_t{0}, shape.dim(axis)});
  }
  return value;
}

Gradients Adjoint(GradBuilder& g) {
  const auto [x, weight, bias] = g.Operands<3>();
  const Value d = g.OutputGradient();
  Gradients gradients(3);
  if (g.Wants(kX)) {
    const std::vector<AttributeValue> attributes(g.attributes().begin(), g.attributes().end() - 1);
    gradients[kX] = CutTo(g, g.Apply("Conv2D", {d, weight, {}}, attributes), x);
  }
  if (g.Wants(kWeight)) gradients[kWeight] = WeightGradient(g, d, x);
  if (g.Wants(kBias)) gradients[kBias] = BiasGradient(g);
  return gradients;
}

// The grids of all phases that meet a tap, counted over both axes.
class TransposedGridsOf {
 public:
  TransposedGridsOf(const Convolution& convolution, const Shape& result, const Shape& weight)
      : convolution_(convolution), result_(result), weight_(weight) {}

  std::int64_t size() const { return Along(0) * Along(1); }
  WindowGrid operator[](std::int64_t i) const { return {{Axis(0, i / Along(1)), Axis(1, i % Along(1))}}; }
  /// Whether every place of the result lies in a grid.
  bool CoverAll() const { return Along(0) == convolution_.stride[0] && Along(1) == convolution_.stride[1]; }

 private:
  std::int64_t Along(size_t axis) const { return TransposedGrids(convolution_, axis, Taps(axis)); }
  std::int64_t Taps(size_t axis) const { return weight_.dim(static_cast<int>(axis) + 2); }
  WindowAxis Axis(size_t axis, std::int64_t tap) const {
    return TransposedAxis(convolution_, axis, tap, result_.dim(static_cast<int>(axis) + 1), Taps(axis));
  }

  const Convolution& convolution_;
  const Shape& result_;
  const Shape& weight_;
};

template <typename T>
void FillWithBias(const KernelArgs<T>& args) {
  const std::int64_t channels = args.shape->dim(0);
  const std::int64_t plane = args.size() / channels;
  args.threads->For(args.instances * channels, std::max<std::int64_t>(1, kCheapGrain / plane), 1,
                    [&](std::int64_t begin, std::int64_t end) {
                      for (std::int64_t i = begin; i < end; ++i) {
                        const std::int64_t instance = i / channels;
                        const std::int64_t channel = i % channels;
                        const T bias =
                            args.Has(kBias) ? args.operand(kBias).Instance(instance)[channel] : T{0};
                        std::fill_n(args.ResultInstance(instance) + channel * plane, plane, bias);
                      }
                    });
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const Convolution convolution = ConvolutionOf(args.attributes);
  const Shape& weight = *args.operand(kWeight).shape;
  const std::int64_t plane = weight.dim(2) * weight.dim(3);
  const TransposedGridsOf grids(convolution, *args.shape, weight);
  if (!grids.CoverAll()) FillWithBias(args);
  ForEachWeight(args, convolution.groups, {plane, weight.dim(1) * plane},
                [&](const ConvolutionCall<T>& call) { Convolve(call, grids, *args.threads); });
}

std::int64_t Flops(const ShapeArgs& args, const Shape&) {
  const Shape& weight = args.operand(kWeight);
  return 2 * args.operand(kX).NumElements() * (weight.NumElements() / weight.dim(0));
}

const OpDef kConvTranspose2D = {
    .name = "ConvTranspose2D",
    .operands = {{"x"}, {"weight"}, {"bias", "*", true}},
    .attributes = {"stride", "padding", "dilation", "groups", "output_padding"},
    .shape_rule = ShapeRule,
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = Flops,
};
PLGRAPH_REGISTER_OP(kConvTranspose2D);

}  // namespace
}  // namespace plgraph
