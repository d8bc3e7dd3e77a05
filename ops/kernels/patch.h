#ifndef PLGRAPH_OPS_KERNELS_PATCH_H_
#define PLGRAPH_OPS_KERNELS_PATCH_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "ops/kernels/tile_product.h"
#include "ops/kernels/window_grid.h"

namespace plgraph {

/// Elements of a patch; it stays in the second cache.
constexpr std::int64_t kPatchSize = 32 * 1024;
/// Elements from the first place of a block to its last, at most: the columns of a tile.
constexpr std::int64_t kTilePlaces = 256;

/// An axis of a patch. What lies a step of the grid apart in the image is a phase and lies side by side in the patch:
/// place i meets tap t at element i + Index(t) of phase Phase(t).
class PatchAxis {
 public:
  explicit PatchAxis(const WindowAxis& axis) : step_(axis.step), tap_step_(axis.tap_step) {
    const std::int64_t last = std::max<std::int64_t>(axis.taps - 1, 0) * tap_step_;
    lowest_ = std::min<std::int64_t>(last, 0);
    first_ = axis.first + lowest_;
    covered_ = std::abs(last);
  }

  std::int64_t phases() const { return std::min(step_, covered_ + 1); }
  /// Of how many elements more than places a phase needs.
  std::int64_t reach() const { return covered_ / step_; }
  std::int64_t Phase(std::int64_t tap) const { return (tap * tap_step_ - lowest_) % step_; }
  std::int64_t Index(std::int64_t tap) const { return (tap * tap_step_ - lowest_) / step_; }
  /// Element i of a phase is this place of the image.
  std::int64_t ImagePlace(std::int64_t phase, std::int64_t i) const { return first_ + i * step_ + phase; }
  std::int64_t step() const { return step_; }

 private:
  std::int64_t step_;
  std::int64_t tap_step_;
  std::int64_t lowest_ = 0;   // of a tap, against the first one
  std::int64_t first_ = 0;    // of the image, under the lowest tap
  std::int64_t covered_ = 0;  // between the lowest tap and the highest
};

/// As std::copy_n, for short runs: a call of memcpy would take longer than they do.
template <typename T>
void CopyRun(const T* in, std::int64_t count, T* out) {
  constexpr std::int64_t kStep = 8;
  if (count < kStep) {
    for (std::int64_t i = 0; i < count; ++i) out[i] = in[i];
    return;
  }
  for (std::int64_t i = 0; i + kStep < count; i += kStep) std::memcpy(out + i, in + i, kStep * sizeof(T));
  std::memcpy(out + count - kStep, in + count - kStep, kStep * sizeof(T));
}

/// A patch holds what the windows of a block of places cover, zero outside of the images. The number under a tap lies
/// as far behind that under the first tap for every place: each tap's numbers are one row of a tile, in which the
/// places of a row of the grid follow each other, with what lies between two rows (of no use) behind them. So they
/// are copied once, not once a tap.
///
/// Channel after channel, in it phase after phase (vertical, horizontal), in it image after image.
class PatchLayout {
 public:
  PatchLayout() : PatchLayout(WindowGrid{}, 0) {}
  /// For blocks as large as possible, of `count` images at most. A grid whose windows are too large for a patch, or
  /// whose taps meet fewer phases than a patch would hold, has none (channels() is 0): take it tap by tap.
  PatchLayout(const WindowGrid& grid, std::int64_t count)
      : down_(grid.axes[0]), along_(grid.axes[1]), taps_along_(grid.axes[1].taps) {
    const WindowAxis& rows = grid.axes[0];
    most_.columns = std::min(grid.axes[1].places, kTilePlaces - along_.reach());
    const std::int64_t phases = down_.phases() * along_.phases();
    if (most_.columns < 1 || phases > grid.taps()) return;
    width_ = most_.columns + along_.reach();
    most_.rows =
        std::min({rows.places, kTilePlaces / width_, kPatchSize / 2 / (phases * width_) - down_.reach()});
    if (most_.rows < 1) return;
    height_ = most_.rows + down_.reach();
    const bool whole = most_.rows == rows.places && most_.columns == grid.axes[1].places;
    most_.images = whole ? std::clamp<std::int64_t>(kTilePlaces / (height_ * width_), 1, count) : 1;
    // An odd number of vectors: a power of two would put all channels into the same few sets of the cache.
    phase_stride_ = WholeLanes(most_.images * height_ * width_) | kTileLanes;
    channels_ = kPatchSize / (phases * phase_stride_);
  }

  const PlaceBlock& most() const { return most_; }     ///< the largest block
  std::int64_t channels() const { return channels_; }  ///< how many fit at once

  /// Of a place of a block against its first one.
  std::int64_t Place(std::int64_t image, std::int64_t row, std::int64_t column) const {
    return (image * height_ + row) * width_ + column;
  }
  /// Up to the last place of a block.
  std::int64_t Places(const PlaceBlock& block) const {
    return Place(block.images - 1, block.rows - 1, block.columns);
  }
  /// Of a tap, counted over the channels of the patch.
  std::int64_t Tap(std::int64_t channel, std::int64_t tap) const {
    const std::int64_t row = tap / taps_along_;
    const std::int64_t column = tap % taps_along_;
    const std::int64_t phase = down_.Phase(row) * along_.phases() + along_.Phase(column);
    return channel * ChannelStride() + phase * phase_stride_ + down_.Index(row) * width_ +
           along_.Index(column);
  }

  /// Copies what a block covers of the channels [begin, end).
  template <typename T>
  void Read(const Images<T>& images, const PlaceBlock& block, std::int64_t begin, std::int64_t end,
            T* patch) const {
    for (std::int64_t channel = begin; channel < end; ++channel) {
      const T* plane = images.data + block.image * images.stride + channel * images.plane();
      for (std::int64_t down = 0; down < down_.phases(); ++down) {
        for (std::int64_t along = 0; along < along_.phases(); ++along, patch += phase_stride_) {
          for (std::int64_t image = 0; image < block.images; ++image) {
            ReadPhase(images, plane + image * images.stride, block, {down, along},
                      patch + Place(image, 0, 0));
          }
        }
      }
    }
  }

 private:
  std::int64_t ChannelStride() const { return down_.phases() * along_.phases() * phase_stride_; }

  template <typename T>
  void ReadPhase(const Images<T>& images, const T* plane, const PlaceBlock& block,
                 std::array<std::int64_t, 2> phase, T* out) const {
    const std::int64_t count = block.columns + along_.reach();
    const std::int64_t column = along_.ImagePlace(phase[1], block.column);
    const std::int64_t inside = std::min(count, FirstAtLeast(-column, along_.step()));
    const std::int64_t outside =
        std::clamp(FirstAtLeast(images.width - column, along_.step()), inside, count);
    for (std::int64_t i = 0; i < block.rows + down_.reach(); ++i, out += width_) {
      const std::int64_t row = down_.ImagePlace(phase[0], block.row + i);
      const bool hit = row >= 0 && row < images.height;
      const std::int64_t end = hit ? outside : inside;
      std::fill(out, out + inside, T{0});
      CopyEach(plane + row * images.width + column, along_.step(), inside, end, out);
      std::fill(out + end, out + count, T{0});
    }
  }

  template <typename T>
  static void CopyEach(const T* in, std::int64_t step, std::int64_t begin, std::int64_t end, T* out) {
    if (step == 1) return CopyRun(in + begin, end - begin, out + begin);
    for (std::int64_t i = begin; i < end; ++i) out[i] = in[i * step];
  }

  PatchAxis down_;
  PatchAxis along_;
  std::int64_t taps_along_;
  PlaceBlock most_;
  std::int64_t width_ = 0;
  std::int64_t height_ = 0;
  std::int64_t phase_stride_ = 0;
  std::int64_t channels_ = 0;
};

}  // namespace plgraph

#endif  // PLGRAPH_OPS_KERNELS_PATCH_H_
