#ifndef PLGRAPH_OPS_KERNELS_CONVOLUTION_H_
#define PLGRAPH_OPS_KERNELS_CONVOLUTION_H_

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/threads.h"
#include "ops/kernels/convolution_call.h"
#include "ops/kernels/patch.h"
#include "ops/kernels/sum_kernels.h"
#include "ops/kernels/tile_product.h"
#include "ops/kernels/window_grid.h"
#include "ops/kernels/winograd.h"

namespace plgraph {

/// A tile is what a thread computes at once. What it reads and writes stays in the second cache and lies on its stack.
constexpr std::int64_t kTileTaps = 512;
constexpr std::int64_t kTileChannels = 64;
/// Taps that are summed one after the other, at most; sums of more are made of blocks, whose sums are added in double.
constexpr std::int64_t kMostTaps = 512;
/// From row to row of a tile: no power of two, which would put all rows into the same few sets of the cache.
constexpr std::int64_t kTileStride = kTilePlaces + kTileLanes;
/// Multiply-adds that one thread should at least have to do.
constexpr std::int64_t kConvolutionGrain = 64 * 1024;

/// How a grid is taken: as a whole, or tap by tap where its windows are too large for a patch.
class GridParts {
 public:
  GridParts(const WindowGrid& grid, std::int64_t images)
      : grid_(grid), whole_(PatchLayout(grid, images).channels() > 0) {}

  std::int64_t size() const { return whole_ ? 1 : grid_.taps(); }
  WindowGrid operator[](std::int64_t part) const { return whole_ ? grid_ : grid_.OneTap(part); }

 private:
  WindowGrid grid_;
  bool whole_;
};

/// A patch of some taps of a grid, counted over all channels, and where the numbers under each of them and its weight
/// lie.
template <typename T>
class TapPatch {
 public:
  TapPatch(std::int64_t weight_stride, std::int64_t kernel_width)
      : weight_stride_(weight_stride), kernel_width_(kernel_width) {}

  void Take(const WindowGrid& grid, std::int64_t images) {
    grid_ = grid;
    layout_ = PatchLayout(grid, images);
    end_ = begin_;
  }

  /// Turns to the taps from `begin` on, not beyond `end` and as many as there is room for; returns where they end.
  std::int64_t Turn(std::int64_t begin, std::int64_t end) {
    const std::int64_t first = begin / grid_.taps();
    end = std::min({end, begin + kTileTaps, (first + layout_.channels()) * grid_.taps()});
    if (begin == begin_ && end == end_) return end;
    begin_ = begin;
    end_ = end;
    for (std::int64_t tap = begin; tap < end; ++tap) {
      const std::int64_t channel = tap / grid_.taps();
      tap_places_[tap - begin] = layout_.Tap(channel - first, tap % grid_.taps());
      weight_places_[tap - begin] =
          channel * weight_stride_ + grid_.KernelPlace(tap % grid_.taps(), kernel_width_);
    }
    return end;
  }

  void Read(const Images<T>& images, const PlaceBlock& block) {
    layout_.Read(images, block, begin_ / grid_.taps(), (end_ - 1) / grid_.taps() + 1, numbers_);
  }

  std::int64_t taps() const { return grid_.taps(); }  ///< of one channel
  const PatchLayout& layout() const { return layout_; }
  const T* numbers() const { return numbers_; }
  const std::int64_t* tap_places() const { return tap_places_; }
  const std::int64_t* weight_places() const { return weight_places_; }

 private:
  std::int64_t weight_stride_;
  std::int64_t kernel_width_;
  WindowGrid grid_;
  PatchLayout layout_;
  std::int64_t begin_ = 0;
  std::int64_t end_ = 0;
  std::int64_t tap_places_[kTileTaps];
  std::int64_t weight_places_[kTileTaps];
  alignas(64) T numbers_[kPatchSize + kTileLanes];
};

/// A tile: some places of a grid. Holds the memory for it.
template <typename T>
class ConvolutionTile {
 public:
  ConvolutionTile(const ConvolutionCall<T>& call, const WindowGrid& grid)
      : call_(call),
        grid_(grid),
        parts_(grid, call.count),
        patch_(call.weight.image_stride, call.weight.kernel_width) {
    patch_.Take(parts_[0], call.count);
    for (std::int64_t c = 0; c < kTileChannels; ++c) weight_rows_[c] = c * call.weight.result_stride;
  }

  /// The rows [begin, end) of the grids over all images.
  void ComputeRows(std::int64_t begin, std::int64_t end) {
    ForEachBlock(grid_, patch_.layout().most(), begin, end, [&](const PlaceBlock& block) { Compute(block); });
  }

 private:
  void Compute(const PlaceBlock& block) {
    for (std::int64_t group = 0; group < call_.groups; ++group) {
      for (std::int64_t first = 0; first < call_.result_channels; first += kTileChannels) {
        const std::int64_t channels = std::min(kTileChannels, call_.result_channels - first);
        starts_ = call_.bias == nullptr ? kZeros.data() : call_.bias + group * call_.result_channels + first;
        summed_ = 0;
        moved_ = false;
        for (std::int64_t part = 0; part < parts_.size(); ++part) {
          if (parts_.size() > 1) patch_.Take(parts_[part], call_.count);
          AddTaps(block, group, first, channels);
        }
        if (moved_) TakeTotals(channels, patch_.layout().Places(block));
        Store(block, group * call_.result_channels + first, channels);
      }
    }
  }

  void AddTaps(const PlaceBlock& block, std::int64_t group, std::int64_t first, std::int64_t channels) {
    Images<T> images = call_.images;
    images.data += group * call_.image_channels * images.plane();
    const T* weight =
        call_.weight.data + group * call_.weight.group_stride + first * call_.weight.result_stride;
    const std::int64_t all = call_.image_channels * patch_.taps();
    for (std::int64_t begin = 0; begin < all;) {
      const std::int64_t end = patch_.Turn(begin, all);
      if (summed_ > 0 && summed_ + end - begin > kMostTaps) MoveSums(channels, patch_.layout().Places(block));
      patch_.Read(images, block);
      AddTileProduct<T>({.a = weight,
                         .a_rows = weight_rows_,
                         .a_terms = patch_.weight_places(),
                         .b = patch_.numbers(),
                         .b_terms = patch_.tap_places(),
                         .c = sums_,
                         .c_stride = kTileStride,
                         .starts = summed_ == 0 ? starts_ : nullptr,
                         .rows = channels,
                         .terms = end - begin,
                         .columns = patch_.layout().Places(block)});
      summed_ += end - begin;
      begin = end;
    }
  }

  // To the totals; the sums start again from zero.
  void MoveSums(std::int64_t channels, std::int64_t places) {
    for (std::int64_t at = 0; at < channels * kTileStride; at += kTileStride) {
      if (!moved_) std::fill_n(totals_ + at, places, 0.0);
      AddTo(totals_ + at, sums_ + at, places);
    }
    starts_ = kZeros.data();
    summed_ = 0;
    moved_ = true;
  }

  void TakeTotals(std::int64_t channels, std::int64_t places) {
    MoveSums(channels, places);
    for (std::int64_t at = 0; at < channels * kTileStride; at += kTileStride) {
      std::transform(totals_ + at, totals_ + at + places, sums_ + at,
                     [](double total) { return static_cast<T>(total); });
    }
  }

  void Store(const PlaceBlock& block, std::int64_t first, std::int64_t channels) const {
    const WindowAxis& down = grid_.axes[0];
    const WindowAxis& along = grid_.axes[1];
    for (std::int64_t c = 0; c < channels; ++c) {
      for (std::int64_t image = 0; image < block.images; ++image) {
        T* plane = call_.result.data + (block.image + image) * call_.result.stride +
                   (first + c) * call_.result.plane();
        for (std::int64_t row = 0; row < block.rows; ++row) {
          T* out = plane + (down.result_first + (block.row + row) * down.result_step) * call_.result.width +
                   along.result_first + block.column * along.result_step;
          StoreRow(sums_ + c * kTileStride + patch_.layout().Place(image, row, 0), block.columns,
                   along.result_step, out);
        }
      }
    }
  }

  static void StoreRow(const T* sums, std::int64_t count, std::int64_t step, T* out) {
    if (step == 1) return CopyRun(sums, count, out);
    for (std::int64_t i = 0; i < count; ++i) out[i * step] = sums[i];
  }

  static constexpr std::array<T, kTileChannels> kZeros{};

  const ConvolutionCall<T>& call_;
  const WindowGrid& grid_;
  GridParts parts_;
  TapPatch<T> patch_;
  const T* starts_ = nullptr;  // of the sums
  std::int64_t summed_ = 0;    // taps of the sums
  bool moved_ = false;         // whether there are totals
  std::int64_t weight_rows_[kTileChannels];
  alignas(64) T sums_[kTileChannels * kTileStride];
  alignas(64) double totals_[kTileChannels * kTileStride];
};

/// Convolves over grids, of which no two share a place of the result; `grids` gives their number, size(), and each of
/// them, by []. A thread takes its part of the rows of each.
template <typename T, typename Grids>
void Convolve(const ConvolutionCall<T>& call, const Grids& grids, ThreadPool& threads) {
  const auto count = static_cast<std::int64_t>(grids.size());
  std::int64_t most_rows = 0;
  std::int64_t most_columns = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const WindowGrid grid = grids[i];
    most_rows = std::max(most_rows, grid.axes[0].places);
    most_columns = std::max(most_columns, grid.axes[1].places);
  }
  const std::int64_t work = call.groups * call.weight.group_stride * most_columns;  // of a row
  const auto for_rows = [&](std::int64_t rows, std::int64_t places, const auto& body) {
    threads.For(rows, std::max<std::int64_t>(1, kConvolutionGrain / std::max<std::int64_t>(work * places, 1)),
                1, body);
  };
  const WinogradGrid winograd(grids[0], call.image_channels, call.result_channels);
  if (count == 1 && winograd.fits()) {
    for_rows(call.count * winograd.down.squares(), kSquareSide, [&](std::int64_t begin, std::int64_t end) {
      WinogradTile<T>(call, winograd).ComputeRows(begin, end);
    });
    return;
  }
  const std::int64_t all = call.count * most_rows;
  for_rows(all, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = 0; i < count; ++i) {
      const WindowGrid grid = grids[i];
      if (grid.places() == 0) continue;
      const std::int64_t rows = call.count * grid.axes[0].places;
      ConvolutionTile<T>(call, grid).ComputeRows(begin * rows / all, end * rows / all);
    }
  });
}

}  // namespace plgraph

#endif  // PLGRAPH_OPS_KERNELS_CONVOLUTION_H_
