#ifndef PLGRAPH_OPS_WINDOW_H_
#define PLGRAPH_OPS_WINDOW_H_

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "graph/ir/op_def.h"
#include "ops/kernels/window_grid.h"

namespace plgraph {

/// Of an image [C, H, W] the vertical and the horizontal axis.
constexpr size_t kImageAxes = 2;
using ImagePair = std::array<std::int64_t, kImageAxes>;

/// One number of an attribute for both axes of an image, or two: [vertical, horizontal]; none: the fallback.
ImagePair PairOf(const AttributeValue& attribute, ImagePair fallback);

/// PairOf an attribute, called `name`. Throws ShapeError for more than two numbers and for one under `least`.
ImagePair CheckedPair(const ShapeArgs& args, size_t attribute, std::string_view name, std::int64_t least,
                      ImagePair fallback);

/// The shape [C, H, W] of operand 0, "x". Throws ShapeError when it is none.
const Shape& CheckedImage(const ShapeArgs& args);

/// The extent of a result along an axis of `size` places: how often a kernel that covers `covered` places fits into it,
/// padding included. Throws ShapeError when it does not fit at all.
std::int64_t WindowsAlong(std::int64_t size, std::int64_t covered, std::int64_t padding, std::int64_t stride);

/// How the kernel of a convolution goes over an image.
struct Convolution {
  ImagePair stride;
  ImagePair padding;
  ImagePair dilation;
  std::int64_t groups;
};

/// The first attributes of all convolutions; a shape rule has checked them.
enum ConvolutionAttribute : size_t { kStride, kPadding, kDilation, kGroups };
Convolution ConvolutionOf(std::span<const AttributeValue> attributes);

/// The places that a kernel of `taps` places covers along an axis of the image.
std::int64_t Covered(std::int64_t taps, std::int64_t dilation);

/// The grid of a convolution's windows along one axis: `places` of them, a kernel of `taps`.
WindowAxis DirectAxis(const Convolution& convolution, size_t axis, std::int64_t places, std::int64_t taps);

/// A transposed convolution by a stride s is made of grids along an axis, of which place i lies at place phase + i s of
/// the result: one grid for each phase that meets any tap. They are counted by the first tap that they meet; the other
/// taps of a grid follow at even distances. Where the stride is larger than the kernel, no grid covers some places.
std::int64_t TransposedGrids(const Convolution& convolution, size_t axis, std::int64_t taps);

/// The grid whose first tap is `tap`, from 0 to TransposedGrids - 1, along an axis of the result of `size` places.
WindowAxis TransposedAxis(const Convolution& convolution, size_t axis, std::int64_t tap, std::int64_t size,
                          std::int64_t taps);

/// How a weight names its first axes for messages, and which of them is that of the channels of x.
struct WeightAxes {
  std::string_view pattern;  ///< "[O, C / groups, KH, KW]"
  int of_x;                  ///< 0 or 1; the other one is that of the result
};

/// Checks x, weight and bias (operands 0, 1 and 2) and the attributes of a convolution against each other; gives the
/// channels of the result. Throws ShapeError.
std::int64_t CheckedChannels(const ShapeArgs& args, const WeightAxes& axes);

}  // namespace plgraph

#endif  // PLGRAPH_OPS_WINDOW_H_
