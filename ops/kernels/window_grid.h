#ifndef PLGRAPH_OPS_KERNELS_WINDOW_GRID_H_
#define PLGRAPH_OPS_KERNELS_WINDOW_GRID_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

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
};

/// The vertical and the horizontal axis of a grid. Its places are counted line by line, its taps too, channel after
/// channel.
struct WindowGrid {
  std::array<WindowAxis, 2> axes;

  std::int64_t places() const { return axes[0].places * axes[1].places; }
  std::int64_t taps() const { return axes[0].taps * axes[1].taps; }  ///< of one channel
};

/// Places of a grid that follow each other in one line of one image.
struct PlaceRun {
  std::int64_t image = 0;
  std::int64_t line = 0;
  std::int64_t column = 0;
  std::int64_t count = 0;
};

/// Cuts the places [begin, end) of the grids over many images into runs, at most one a place; returns how many.
inline std::int64_t CutIntoRuns(const WindowGrid& grid, std::int64_t begin, std::int64_t end,
                                PlaceRun* runs) {
  const std::int64_t width = grid.axes[1].places;
  PlaceRun run = {begin / grid.places(), begin % grid.places() / width, begin % width, 0};
  std::int64_t count = 0;
  for (std::int64_t left = end - begin; left > 0; left -= run.count, run.column = 0) {
    run.count = std::min(left, width - run.column);
    runs[count++] = run;
    if (++run.line < grid.axes[0].places) continue;
    run.line = 0;
    ++run.image;
  }
  return count;
}

/// Many images of one shape, [C, H, W] each.
template <typename T>
struct Images {
  const T* data = nullptr;
  const T* end = nullptr;   ///< of the last image
  std::int64_t stride = 0;  ///< from image to image
  std::int64_t height = 0;
  std::int64_t width = 0;
};

/// Up to so many elements behind a run of places are written and written again by the run that follows.
constexpr std::int64_t kCopyOverlap = 8;

/// Where the numbers under the taps are written: that of tap t and place p at data[t * tap_stride + p * place_stride].
/// With a place_stride of 1 there is room for kCopyOverlap elements behind the last place.
template <typename T>
struct TapMatrix {
  T* data = nullptr;
  std::int64_t tap_stride = 0;
  std::int64_t place_stride = 1;
};

/// Reads what lies under the taps of a grid's windows, zero outside of the image, for some runs of places.
template <typename T>
class TapReader {
 public:
  TapReader(const Images<T>& images, const WindowGrid& grid, const PlaceRun* runs, std::int64_t run_count)
      : images_(images), grid_(grid), runs_(runs), run_count_(run_count) {}

  /// The taps [begin, end), counted over all channels.
  void Read(std::int64_t begin, std::int64_t end, TapMatrix<T> to) const {
    const WindowAxis& down = grid_.axes[0];
    const WindowAxis& along = grid_.axes[1];
    for (std::int64_t tap = begin; tap < end; ++tap, to.data += to.tap_stride) {
      const std::int64_t channel = tap / grid_.taps();
      const std::int64_t line = tap % grid_.taps() / along.taps;
      const Offset offset = {channel * images_.height * images_.width, down.first + line * down.tap_step,
                             along.first + tap % along.taps * along.tap_step};
      if (to.place_stride == 1 && along.step == 1) {
        ReadTap<true>(offset, to);
      } else {
        ReadTap<false>(offset, to);
      }
    }
  }

 private:
  // Of a tap against the place of a window: its channel's plane, and its distance down and along.
  struct Offset {
    std::int64_t plane;
    std::int64_t down;
    std::int64_t along;
  };

  template <bool kContiguous>
  void ReadTap(const Offset& offset, const TapMatrix<T>& to) const {
    const std::int64_t stride = kContiguous ? 1 : to.place_stride;
    const std::int64_t step = kContiguous ? 1 : grid_.axes[1].step;
    const std::int64_t inside = FirstAtLeast(-offset.along, step);
    const std::int64_t outside = FirstAtLeast(images_.width - offset.along, step);
    T* out = to.data;
    for (const PlaceRun* run = runs_; run < runs_ + run_count_; out += run->count * stride, ++run) {
      const std::int64_t line = run->line * grid_.axes[0].step + offset.down;
      const bool hit = line >= 0 && line < images_.height;
      const std::int64_t begin =
          hit ? std::clamp<std::int64_t>(inside - run->column, 0, run->count) : run->count;
      const std::int64_t end = std::clamp(outside - run->column, begin, run->count);
      const T* in = images_.data + run->image * images_.stride + offset.plane + line * images_.width +
                    offset.along + run->column * step;
      for (std::int64_t i = 0; i < begin; ++i) out[i * stride] = 0;
      if (kContiguous && in + end + kCopyOverlap <= images_.end) {
        for (std::int64_t i = begin; i < end; i += kCopyOverlap)
          std::memcpy(out + i, in + i, kCopyOverlap * sizeof(T));
      } else {
        for (std::int64_t i = begin; i < end; ++i) out[i * stride] = in[i * step];
      }
      for (std::int64_t i = end; i < run->count; ++i) out[i * stride] = 0;
    }
  }

  const Images<T>& images_;
  const WindowGrid& grid_;
  const PlaceRun* runs_;
  std::int64_t run_count_;
};

}  // namespace plgraph

#endif  // PLGRAPH_OPS_KERNELS_WINDOW_GRID_H_
