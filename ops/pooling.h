#ifndef PLGRAPH_OPS_POOLING_H_
#define PLGRAPH_OPS_POOLING_H_

#include <algorithm>

#include "graph/kernel_args.h"
#include "ops/strided_loop.h"
#include "ops/window.h"

// What the ops share that join the elements of each window of an image, channel by channel. Their attributes begin with
// those of PoolingAttribute.
namespace plgraph {

enum PoolingAttribute : size_t { kPoolKernel, kPoolStride, kPoolPadding };

/// Shape rule: "x" [C, H, W] -> [C, H', W'].
Shape PooledShape(const ShapeArgs& args);

/// A piece of a channel's plane: the lines [top, bottom), the columns [left, right).
struct PlanePart {
  std::int64_t top;
  std::int64_t bottom;
  std::int64_t left;
  std::int64_t right;

  std::int64_t size() const { return (bottom - top) * (right - left); }
};

/// The windows of a pooling, each cut to what lies in the image.
class PoolingWindows {
 public:
  PoolingWindows(std::span<const AttributeValue> attributes, const Shape& image, const Shape& result)
      : kernel_(PairOf(attributes[kPoolKernel], {})),
        stride_(PairOf(attributes[kPoolStride], kernel_)),
        padding_(PairOf(attributes[kPoolPadding], {0, 0})),
        image_(image),
        result_(result) {}

  std::int64_t channels() const { return image_.dim(0); }
  std::int64_t width() const { return image_.dim(2); }
  std::int64_t image_plane() const { return image_.dim(1) * image_.dim(2); }
  std::int64_t result_plane() const { return result_.dim(1) * result_.dim(2); }
  /// What result element `place` of a plane is made of.
  PlanePart Part(std::int64_t place) const {
    const std::int64_t top = place / result_.dim(2) * stride_[0] - padding_[0];
    const std::int64_t left = place % result_.dim(2) * stride_[1] - padding_[1];
    return {std::max<std::int64_t>(top, 0), std::min(top + kernel_[0], image_.dim(1)),
            std::max<std::int64_t>(left, 0), std::min(left + kernel_[1], image_.dim(2))};
  }
  std::int64_t kernel_size() const { return kernel_[0] * kernel_[1]; }

 private:
  ImagePair kernel_;
  ImagePair stride_;
  ImagePair padding_;
  const Shape& image_;
  const Shape& result_;
};

/// Calls body(row, channel) for every channel of every row; a thread takes whole channels.
template <typename T, typename Body>
void ForEachChannel(const KernelArgs<T>& args, const PoolingWindows& windows, const Body& body) {
  const std::int64_t work = windows.result_plane() * windows.kernel_size();
  const std::int64_t grain = std::max<std::int64_t>(1, kCheapGrain / work);
  args.threads->For(args.rows * windows.channels(), grain, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) body(i / windows.channels(), i % windows.channels());
  });
}

}  // namespace plgraph

#endif  // PLGRAPH_OPS_POOLING_H_
