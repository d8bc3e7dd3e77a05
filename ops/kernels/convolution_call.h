#ifndef PLGRAPH_OPS_KERNELS_CONVOLUTION_CALL_H_
#define PLGRAPH_OPS_KERNELS_CONVOLUTION_CALL_H_

#include <cstdint>

#include "ops/kernels/window_grid.h"

namespace plgraph {

/// The instances of a kernel's result: [channels, H, W] each.
template <typename T>
struct ResultImages {
  T* data = nullptr;
  std::int64_t stride = 0;  ///< from image to image
  std::int64_t height = 0;
  std::int64_t width = 0;

  std::int64_t plane() const { return height * width; }
};

/// Weights of a convolution: that of channel o of the result, channel c of the image and place (k, l) of the kernel at
/// data[o * result_stride + c * image_stride + k * kernel_width + l], o and c counted within a group.
template <typename T>
struct ConvolutionWeight {
  const T* data = nullptr;
  std::int64_t group_stride = 0;
  std::int64_t result_stride = 0;
  std::int64_t image_stride = 0;
  std::int64_t kernel_width = 0;
};

/// Convolutions of many images with one weight. Each place of each result is computed by one thread, the taps in their
/// order, whatever the tiles.
template <typename T>
struct ConvolutionCall {
  Images<T> images;
  ConvolutionWeight<T> weight;
  const T* bias = nullptr;  ///< null: 0
  ResultImages<T> result;
  std::int64_t count = 0;  ///< of images
  std::int64_t groups = 1;
  std::int64_t image_channels = 0;   ///< of a group
  std::int64_t result_channels = 0;  ///< of a group
};

}  // namespace plgraph

#endif  // PLGRAPH_OPS_KERNELS_CONVOLUTION_CALL_H_
