#include "ops/pooling.h"

#include <fmt/format.h>

namespace plgraph {

Shape PooledShape(const ShapeArgs& args) {
  const Shape& x = CheckedImage(args);
  if (std::get<IntegerList>(args.attributes[kPoolKernel]).empty()) {
    throw ShapeError("kernel is not given; it must be one number, or two: [vertical, horizontal]");
  }
  const ImagePair kernel = CheckedPair(args, kPoolKernel, "kernel", 1, {});
  const ImagePair stride = CheckedPair(args, kPoolStride, "stride", 1, kernel);
  const ImagePair padding = CheckedPair(args, kPoolPadding, "padding", 0, {0, 0});
  for (size_t axis = 0; axis < kImageAxes; ++axis) {
    if (2 * padding[axis] <= kernel[axis]) continue;
    throw ShapeError(fmt::format("padding is {} but kernel {}; padding must be at most half of the kernel",
                                 padding[axis], kernel[axis]));
  }
  return {x.dim(0), WindowsAlong(x.dim(1), kernel[0], padding[0], stride[0]),
          WindowsAlong(x.dim(2), kernel[1], padding[1], stride[1])};
}

}  // namespace plgraph
