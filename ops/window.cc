#include "ops/window.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/checked_size.h"

namespace plgraph {

ImagePair PairOf(const AttributeValue& attribute, ImagePair fallback) {
  const auto& numbers = std::get<IntegerList>(attribute);
  if (numbers.empty()) return fallback;
  return {numbers.front(), numbers.back()};
}

ImagePair CheckedPair(const ShapeArgs& args, size_t attribute, std::string_view name, std::int64_t least,
                      ImagePair fallback) {
  const auto& numbers = std::get<IntegerList>(args.attributes[attribute]);
  if (numbers.size() > kImageAxes) {
    throw ShapeError(
        fmt::format("{} has {} numbers; it takes one for both axes, or two: [vertical, horizontal]", name,
                    numbers.size()));
  }
  const ImagePair pair = PairOf(args.attributes[attribute], fallback);
  for (const std::int64_t number : pair) {
    if (number < least)
      throw ShapeError(fmt::format("{} is {}; it must be at least {}", name, number, least));
  }
  return pair;
}

const Shape& CheckedImage(const ShapeArgs& args) {
  const Shape& x = args.operand(0);
  if (x.rank() != 3) {
    throw ShapeError(fmt::format(
        "operand \"x\" has shape {}; it must be an image [C, H, W] (channels, height, width)", x.ToString()));
  }
  return x;
}

std::int64_t WindowsAlong(std::int64_t size, std::int64_t covered, std::int64_t padding,
                          std::int64_t stride) {
  const std::int64_t padded = (CheckedSize(size) + CheckedSize(2) * padding).value();
  if (covered > padded) {
    throw ShapeError(
        fmt::format("a kernel that covers {} places does not fit into an axis of {} with {} places of "
                    "padding at either end; "
                    "take a smaller kernel or dilation, or more padding",
                    covered, size, padding));
  }
  return (padded - covered) / stride + 1;
}

Convolution ConvolutionOf(std::span<const AttributeValue> attributes) {
  return {.stride = PairOf(attributes[kStride], {1, 1}),
          .padding = PairOf(attributes[kPadding], {0, 0}),
          .dilation = PairOf(attributes[kDilation], {1, 1}),
          .groups = std::get<std::int64_t>(attributes[kGroups])};
}

std::int64_t Covered(std::int64_t taps, std::int64_t dilation) {
  return (CheckedSize(taps - 1) * dilation + 1).value();
}

WindowAxis DirectAxis(const Convolution& convolution, size_t axis, std::int64_t places, std::int64_t taps) {
  return {.places = places,
          .step = convolution.stride[axis],
          .first = -convolution.padding[axis],
          .taps = taps,
          .tap_step = convolution.dilation[axis]};
}

namespace {

// Taps so far apart meet the same places of the result.
std::int64_t TapRepeat(const Convolution& convolution, size_t axis) {
  return convolution.stride[axis] / std::gcd(convolution.stride[axis], convolution.dilation[axis]);
}

}  // namespace

std::int64_t TransposedGrids(const Convolution& convolution, size_t axis, std::int64_t taps) {
  return std::min(TapRepeat(convolution, axis), taps);
}

// Place r of the result meets place i of the image under tap t where r + padding = i stride + t dilation.
WindowAxis TransposedAxis(const Convolution& convolution, size_t axis, std::int64_t tap, std::int64_t size,
                          std::int64_t taps) {
  const std::int64_t stride = convolution.stride[axis];
  const std::int64_t dilation = convolution.dilation[axis];
  const std::int64_t repeat = TapRepeat(convolution, axis);
  const std::int64_t offset = (tap * dilation - convolution.padding[axis]) % stride;
  const std::int64_t phase = offset < 0 ? offset + stride : offset;
  return {.places = phase < size ? (size - phase - 1) / stride + 1 : 0,
          .first = (phase + convolution.padding[axis] - tap * dilation) / stride,
          .taps = (taps - tap - 1) / repeat + 1,
          .tap_step = -(repeat * dilation / stride),
          .kernel_first = tap,
          .kernel_step = repeat,
          .result_first = phase,
          .result_step = stride};
}

namespace {

void CheckAttributes(const ShapeArgs& args) {
  CheckedPair(args, kStride, "stride", 1, {1, 1});
  CheckedPair(args, kPadding, "padding", 0, {0, 0});
  CheckedPair(args, kDilation, "dilation", 1, {1, 1});
  const std::int64_t groups = std::get<std::int64_t>(args.attributes[kGroups]);
  if (groups < 1) throw ShapeError(fmt::format("groups is {}; it must be at least 1", groups));
}

}  // namespace

std::int64_t CheckedChannels(const ShapeArgs& args, const WeightAxes& axes) {
  const Shape& x = CheckedImage(args);
  const Shape& weight = args.operand(1);
  CheckAttributes(args);
  if (weight.rank() != 4) {
    throw ShapeError(
        fmt::format("operand \"weight\" has shape {}; it must be {}", weight.ToString(), axes.pattern));
  }
  const std::int64_t groups = std::get<std::int64_t>(args.attributes[kGroups]);
  const CheckedSize of_x = CheckedSize(weight.dim(axes.of_x)) * (axes.of_x == 1 ? groups : 1);
  const CheckedSize channels = CheckedSize(weight.dim(1 - axes.of_x)) * (axes.of_x == 0 ? groups : 1);
  if (x.dim(0) != of_x.value() || weight.dim(0) % groups != 0) {
    throw ShapeError(
        fmt::format("operand \"x\" has shape {} but \"weight\" has {} and groups is {}; x: [C, H, W] and "
                    "weight: {} need the same "
                    "C, and groups must divide C and O",
                    x.ToString(), weight.ToString(), groups, axes.pattern));
  }
  if (args.Has(2) && args.operand(2) != Shape{channels.value()}) {
    throw ShapeError(
        fmt::format("operand \"bias\" has shape {}; it must be {}, one number for each channel of the result",
                    args.operand(2).ToString(), Shape{channels.value()}.ToString()));
  }
  return channels.value();
}

}  // namespace plgraph
