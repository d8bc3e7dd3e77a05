#ifndef PLGRAPH_OPS_KERNELS_CONVOLUTION_H_
#define PLGRAPH_OPS_KERNELS_CONVOLUTION_H_

#include <algorithm>
#include <cstdint>

#include "core/threads.h"
#include "ops/kernels/tile_product.h"
#include "ops/kernels/window_grid.h"

namespace plgraph {

/// A tile is what a thread computes at once. What it reads and writes stays in the second cache and lies on its stack.
constexpr std::int64_t kTilePlaces = 128;
constexpr std::int64_t kTileTaps = 192;
constexpr std::int64_t kTileChannels = 64;
/// From line to line of a tile: no power of two, which would put all lines into the same few sets of the cache.
constexpr std::int64_t kTileStride = kTilePlaces + kTileLanes;
/// Multiply-adds that one thread should at least have to do.
constexpr std::int64_t kConvolutionGrain = 64 * 1024;

/// The rows of a kernel's result: [channels, H, W] each.
template <typename T>
struct ResultImages {
  T* data = nullptr;
  std::int64_t stride = 0;  ///< from image to image
  std::int64_t height = 0;
  std::int64_t width = 0;
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

  std::int64_t image_plane() const { return images.height * images.width; }
  std::int64_t result_plane() const { return result.height * result.width; }
};

inline std::int64_t WholeLanes(std::int64_t columns) {
  return (columns + kTileLanes - 1) / kTileLanes * kTileLanes;
}

/// Clears what whole vectors read of the lines of a tile beyond its columns.
template <typename T>
void ClearBeyond(T* tile, std::int64_t lines, std::int64_t columns) {
  for (std::int64_t line = 0; line < lines; ++line) {
    std::fill(tile + line * kTileStride + columns, tile + line * kTileStride + WholeLanes(columns), T{0});
  }
}

/// A tile: some places of a grid. Holds the memory for it.
template <typename T>
class ConvolutionTile {
 public:
  ConvolutionTile(const ConvolutionCall<T>& call, const WindowGrid& grid) : call_(call), grid_(grid) {}

  /// The places [begin, end) of the grids over all images, at most kTilePlaces.
  void Compute(std::int64_t begin, std::int64_t end) {
    places_ = end - begin;
    run_count_ = CutIntoRuns(grid_, begin, end, runs_);
    for (std::int64_t group = 0; group < call_.groups; ++group) {
      for (std::int64_t first = 0; first < call_.result_channels; first += kTileChannels) {
        const std::int64_t channels = std::min(kTileChannels, call_.result_channels - first);
        StartFromBias(group * call_.result_channels + first, channels);
        AddTaps(group, first, channels);
        Store(group * call_.result_channels + first, channels);
      }
    }
  }

 private:
  void StartFromBias(std::int64_t first, std::int64_t channels) {
    for (std::int64_t c = 0; c < channels; ++c) {
      std::fill_n(sums_ + c * kTileStride, WholeLanes(places_),
                  call_.bias == nullptr ? T{0} : call_.bias[first + c]);
    }
  }

  void AddTaps(std::int64_t group, std::int64_t first, std::int64_t channels) {
    Images<T> images = call_.images;
    images.data += group * call_.image_channels * call_.image_plane();
    const TapReader<T> reader(images, grid_, runs_, run_count_);
    const T* weight =
        call_.weight.data + group * call_.weight.group_stride + first * call_.weight.result_stride;
    const std::int64_t all = call_.image_channels * grid_.taps();
    for (std::int64_t begin = 0; begin < all; begin += kTileTaps) {
      const std::int64_t end = std::min(all, begin + kTileTaps);
      reader.Read(begin, end, {taps_, kTileStride, 1});
      ClearBeyond(taps_, end - begin, places_);
      FindWeights(begin, end);
      AddTileProduct<T>({weight, call_.weight.result_stride, weight_places_, taps_, kTileStride, sums_,
                         kTileStride, channels, end - begin, places_});
    }
  }

  // Where the weights of some taps lie behind those of the first.
  void FindWeights(std::int64_t begin, std::int64_t end) {
    const WindowAxis& down = grid_.axes[0];
    const WindowAxis& along = grid_.axes[1];
    for (std::int64_t tap = begin; tap < end; ++tap) {
      const std::int64_t line = tap % grid_.taps() / along.taps;
      weight_places_[tap - begin] =
          tap / grid_.taps() * call_.weight.image_stride +
          (down.kernel_first + line * down.kernel_step) * call_.weight.kernel_width + along.kernel_first +
          tap % along.taps * along.kernel_step;
    }
  }

  void Store(std::int64_t first, std::int64_t channels) const {
    const WindowAxis& down = grid_.axes[0];
    const WindowAxis& along = grid_.axes[1];
    for (std::int64_t c = 0; c < channels; ++c) {
      const T* sum = sums_ + c * kTileStride;
      for (const PlaceRun* run = runs_; run < runs_ + run_count_; sum += run->count, ++run) {
        const std::int64_t line = down.result_first + run->line * down.result_step;
        T* out = call_.result.data + run->image * call_.result.stride + (first + c) * call_.result_plane() +
                 line * call_.result.width + along.result_first + run->column * along.result_step;
        for (std::int64_t i = 0; i < run->count; ++i) out[i * along.result_step] = sum[i];
      }
    }
  }

  const ConvolutionCall<T>& call_;
  const WindowGrid& grid_;
  std::int64_t places_ = 0;
  std::int64_t run_count_ = 0;
  PlaceRun runs_[kTilePlaces];
  std::int64_t weight_places_[kTileTaps];
  alignas(64) T taps_[kTileTaps * kTileStride];
  alignas(64) T sums_[kTileChannels * kTileStride];
};

/// Convolves over `grids` grids, which cover the result together; grid_of(i) gives them, the first has the most places.
/// A thread takes its part of each.
template <typename T, typename GridOf>
void Convolve(const ConvolutionCall<T>& call, std::int64_t grids, const GridOf& grid_of,
              ThreadPool& threads) {
  const std::int64_t all = call.count * grid_of(0).places();
  const std::int64_t grain =
      std::max<std::int64_t>(1, kConvolutionGrain / (call.groups * call.weight.group_stride));
  threads.For(all, grain, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = 0; i < grids; ++i) {
      const WindowGrid grid = grid_of(i);
      const std::int64_t places = call.count * grid.places();
      const std::int64_t last = end * places / all;
      ConvolutionTile<T> tile(call, grid);
      for (std::int64_t place = begin * places / all; place < last; place += kTilePlaces) {
        tile.Compute(place, std::min(last, place + kTilePlaces));
      }
    }
  });
}

}  // namespace plgraph

#endif  // PLGRAPH_OPS_KERNELS_CONVOLUTION_H_
