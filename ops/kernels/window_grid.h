#ifndef PLGRAPH_OPS_KERNELS_WINDOW_GRID_H_
#define PLGRAPH_OPS_KERNELS_WINDOW_GRID_H_

#include <algorithm>
#include <array>
#include <cstdint>

namespace plgraph {

/// The first i with i * step >= place, from 0 on.
inline std::int64_t FirstAtLeast(std::int64_t place, std::int64_t step) {
  return place <= 0 ? 0 : (place + step - 1) / step;
}

/// One axis of a grid of windows over an image. Place i of the grid under tap t of the kernel is place
/// `first + i * step + t * tap_step` of the image, which may lie outside of it.
struct WindowAxis {
  std::int64_t places = 0;
  std::int64_t step = 1;
  std::int64_t first = 0;
  std::int64_t taps = 0;
  std::int64_t tap_step = 1;
  std::int64_t kernel_first = 0;  ///< tap t is place kernel_first + t * kernel_step of the kernel
  std::int64_t kernel_step = 1;
  std::int64_t result_first = 0;  ///< place i is place result_first + i * result_step of the result
  std::int64_t result_step = 1;

  WindowAxis OneTap(std::int64_t tap) const {
    WindowAxis one = *this;
    one.first += tap * tap_step;
    one.kernel_first += tap * kernel_step;
    one.taps = 1;
    return one;
  }
};

/// The vertical and the horizontal axis of a grid. Its places are counted row by row, its taps too, channel after
/// channel.
struct WindowGrid {
  std::array<WindowAxis, 2> axes;

  std::int64_t places() const { return axes[0].places * axes[1].places; }
  std::int64_t taps() const { return axes[0].taps * axes[1].taps; }  ///< of one channel
  /// Where the weight of a tap lies in a kernel of so many columns.
  std::int64_t KernelPlace(std::int64_t tap, std::int64_t kernel_width) const {
    const std::int64_t row = axes[0].kernel_first + tap / axes[1].taps * axes[0].kernel_step;
    return row * kernel_width + axes[1].kernel_first + tap % axes[1].taps * axes[1].kernel_step;
  }
  /// The same places, under one tap of the kernel only.
  WindowGrid OneTap(std::int64_t tap) const {
    return {{axes[0].OneTap(tap / axes[1].taps), axes[1].OneTap(tap % axes[1].taps)}};
  }
};

/// Places of a grid over many images: whole images, or some rows of one, or some columns of these.
struct PlaceBlock {
  std::int64_t image = 0;
  std::int64_t images = 0;
  std::int64_t row = 0;
  std::int64_t rows = 0;
  std::int64_t column = 0;
  std::int64_t columns = 0;
};

/// Calls body(block) for blocks no larger than `most` that cover the rows [begin, end) of the grids over all images.
template <typename Body>
void ForEachBlock(const WindowGrid& grid, const PlaceBlock& most, std::int64_t begin, std::int64_t end,
                  const Body& body) {
  const std::int64_t height = grid.axes[0].places;
  const std::int64_t width = grid.axes[1].places;
  PlaceBlock block;
  for (; begin < end; begin += block.images * block.rows) {
    block.image = begin / height;
    block.row = begin % height;
    block.images = block.row == 0 ? std::clamp<std::int64_t>((end - begin) / height, 1, most.images) : 1;
    block.rows = std::min({most.rows, height - block.row, end - begin});
    for (block.column = 0; block.column < width; block.column += most.columns) {
      block.columns = std::min(most.columns, width - block.column);
      body(block);
    }
  }
}

/// Many images of one shape, [C, H, W] each.
template <typename T>
struct Images {
  const T* data = nullptr;
  std::int64_t stride = 0;  ///< from image to image
  std::int64_t height = 0;
  std::int64_t width = 0;

  std::int64_t plane() const { return height * width; }
};

}  // namespace plgraph

#endif  // PLGRAPH_OPS_KERNELS_WINDOW_GRID_H_
