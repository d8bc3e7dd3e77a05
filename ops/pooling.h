#ifndef PLGRAPH_OPS_POOLING_H_
#define PLGRAPH_OPS_POOLING_H_

#include <algorithm>

#include "graph/ir/kernel_args.h"
#include "ops/strided_loop.h"
#include "ops/window.h"

// What the ops share that join the elements of each window of an image, channel by channel. Their attributes begin with
// those of PoolingAttribute.
namespace plgraph {

enum PoolingAttribute : size_t { kPoolKernel, kPoolStride, kPoolPadding };

/// Shape rule: "x" [C, H, W] -> [C, H', W'].
Shape PooledShape(const ShapeArgs& args);

/// The rows or columns [begin, end) of an image.
struct PlaneRange {
  std::int64_t begin;
  std::int64_t end;

  std::int64_t size() const { return end - begin; }
};

/// How many elements of an image [C, H, W] a window sees at most.
inline std::int64_t LargestWindow(std::span<const AttributeValue> attributes, const Shape& image) {
  const ImagePair kernel = PairOf(attributes[kPoolKernel], {});
  return std::min(kernel[0], image.dim(1)) * std::min(kernel[1], image.dim(2));
}

/// The windows of a pooling, each cut to what lies in the image.
class PoolingWindows {
 public:
  PoolingWindows(std::span<const AttributeValue> attributes, const Shape& image, const Shape& result)
      : kernel_(PairOf(attributes[kPoolKernel], {})),
        stride_(PairOf(attributes[kPoolStride], kernel_)),
        padding_(PairOf(attributes[kPoolPadding], {0, 0})),
        largest_(LargestWindow(attributes, image)),
        image_(image),
        result_(result) {}

  const ImagePair& kernel() const { return kernel_; }
  const ImagePair& stride() const { return stride_; }
  const ImagePair& padding() const { return padding_; }
  std::int64_t channels() const { return image_.dim(0); }
  std::int64_t width() const { return image_.dim(2); }
  std::int64_t image_plane() const { return image_.dim(1) * image_.dim(2); }
  std::int64_t result_rows() const { return result_.dim(1); }
  std::int64_t result_columns() const { return result_.dim(2); }
  std::int64_t result_plane() const { return result_.dim(1) * result_.dim(2); }
  std::int64_t largest() const { return largest_; }  ///< elements of a window, at most
  /// What a row of the result is made of, and a column.
  PlaneRange RowsOf(std::int64_t row) const { return Range(0, row); }
  PlaneRange ColumnsOf(std::int64_t column) const { return Range(1, column); }

 private:
  PlaneRange Range(size_t axis, std::int64_t place) const {
    const std::int64_t first = place * stride_[axis] - padding_[axis];
    return {std::max<std::int64_t>(first, 0),
            std::min(first + kernel_[axis], image_.dim(static_cast<int>(axis) + 1))};
  }

  ImagePair kernel_;
  ImagePair stride_;
  ImagePair padding_;
  std::int64_t largest_;
  const Shape& image_;
  const Shape& result_;
};

/// Calls body(instance, channel) for every channel of every instance; a thread takes whole channels.
template <typename T, typename Body>
void ForEachChannel(const KernelArgs<T>& args, const PoolingWindows& windows, const Body& body) {
  const std::int64_t work = windows.result_plane() * windows.largest();
  const std::int64_t grain = std::max<std::int64_t>(1, kCheapGrain / work);
  args.threads->For(args.instances * windows.channels(), grain, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) body(i / windows.channels(), i % windows.channels());
  });
}

}  // namespace plgraph

#endif  // PLGRAPH_OPS_POOLING_H_
