#ifndef PLGRAPH_OPS_KERNELS_WINOGRAD_H_
#define PLGRAPH_OPS_KERNELS_WINOGRAD_H_

#include <algorithm>
#include <array>
#include <cstdint>

#include "ops/kernels/convolution_call.h"
#include "ops/kernels/sum_kernels.h"
#include "ops/kernels/tile_product.h"
#include "ops/kernels/transpose_rows.h"
#include "ops/kernels/window_grid.h"
#include "ops/kernels/winograd_transforms.h"

// Winograd's convolution with kernels of 3 x 3 (Lavin and Gray 2016): the result is cut into squares of 2 x 2 places,
// which take 16 products for each pair of channels in place of 36. What is not finite in an image makes NaN of all
// places of the squares that see it.
namespace plgraph {

constexpr std::int64_t kSquareSide = 2;    // of the result
constexpr std::int64_t kWinogradTaps = 3;  // of a kernel, a side
constexpr std::int64_t kKernelPlane = kWinogradTaps * kWinogradTaps;
constexpr std::int64_t kWinogradSums = 16;  // products of one square
constexpr std::int64_t kWinogradSide = 4;   // of the image under a square
/// Elements of each of the arrays of a block; they stay in the second cache.
constexpr std::int64_t kWinogradSize = 32 * 1024;
constexpr std::int64_t kWinogradPlaces = kWinogradSize / 4;  // 4 places a square have 16 numbers
/// With fewer channels vectors would be half empty, with more an array would hold too few squares.
constexpr std::int64_t kLeastWinogradChannels = kTileLanes;
constexpr std::int64_t kMostWinogradChannels = 128;
constexpr std::int64_t kLeastWinogradPlaces = 4;  // along each axis

/// An axis of 3 taps that lie side by side in the image; the taps in the order of the image.
struct WinogradAxis {
  explicit WinogradAxis(const WindowAxis& axis)
      : fits(axis.taps == kWinogradTaps && axis.step == 1 && axis.result_step == 1 &&
             axis.result_first == 0 && std::abs(axis.tap_step) == 1 && axis.places >= kLeastWinogradPlaces),
        places(axis.places) {
    const std::int64_t last = axis.tap_step < 0 ? kWinogradTaps - 1 : 0;  // the lowest tap
    first = axis.first - last;
    kernel_first = axis.kernel_first + last * axis.kernel_step;
    kernel_step = axis.kernel_step * axis.tap_step;
  }

  std::int64_t squares() const { return FirstAtLeast(places, kSquareSide); }

  bool fits;
  std::int64_t places;
  std::int64_t first;  ///< of the image, under the first place
  std::int64_t kernel_first;
  std::int64_t kernel_step;
};

/// What the products of both axes and all channels need of memory, and the squares of a grid.
class WinogradGrid {
 public:
  WinogradGrid(const WindowGrid& grid, std::int64_t image_channels, std::int64_t result_channels)
      : down(grid.axes[0]), along(grid.axes[1]), image_channels_(image_channels) {
    fits_ = down.fits && along.fits && result_channels >= kLeastWinogradChannels &&
            image_channels >= kLeastWinogradChannels && image_channels <= kMostWinogradChannels;
    if (!fits_) return;
    const std::int64_t room = kWinogradSize / kWinogradSums;
    result_channels_ = std::min({kMostResults, WholeLanes(result_channels),
                                 room / WholeLanes(image_channels) / kTileLanes * kTileLanes});
    const std::int64_t squares = std::min(kMostSquares, room / std::max(image_stride(), result_channels_));
    most_.columns = std::min(along.squares(), squares);
    most_.rows = std::min(down.squares(), squares / most_.columns);
    most_.images = 1;
  }

  bool fits() const { return fits_; }
  const PlaceBlock& most() const { return most_; }  ///< squares of a block
  /// The squares of all images, as a grid of their own.
  WindowGrid AllSquares() const {
    return {{WindowAxis{.places = down.squares()}, WindowAxis{.places = along.squares()}}};
  }
  /// Room for a channel of the image in each square, and of the result.
  std::int64_t image_stride() const { return WholeLanes(image_channels_); }
  std::int64_t result_channels() const { return result_channels_; }  ///< at once
  /// From one of the 16 numbers of the squares to the next: no power of two, which would put them all into the same few
  /// sets of the cache.
  std::int64_t square_stride() const { return (most_.rows * most_.columns) | 1; }

  /// Numbers of a row of squares, transformed, from square `first` of a block on; `stride`: room for the channels.
  template <typename T>
  Squares<T> Transformed(T* data, std::int64_t first, std::int64_t stride) const {
    return {data + first * stride, stride, kWinogradSide * square_stride() * stride,
            square_stride() * stride};
  }
  /// Places of the rows under a row of squares, `width` in each.
  template <typename T>
  static Squares<T> Places(T* data, std::int64_t row, std::int64_t width, std::int64_t stride) {
    return {data + kSquareSide * row * width * stride, kSquareSide * stride, width * stride, stride};
  }
  /// Taps of kernels that follow each other, in the order of the image.
  template <typename T>
  Squares<T> Kernels(T* taps, std::int64_t stride) const {
    const std::int64_t corner = down.kernel_first * kWinogradTaps + along.kernel_first;
    return {taps + corner * stride, kKernelPlane * stride, down.kernel_step * kWinogradTaps * stride,
            along.kernel_step * stride};
  }
  /// Transformed kernels, or sums of them.
  template <typename T>
  Squares<T> TransformedKernels(T* data, std::int64_t stride) const {
    const std::int64_t plane = image_channels_ * stride;
    return {data, stride, kWinogradSide * plane, plane};
  }

  static constexpr std::int64_t kMostResults = 64;
  static constexpr std::int64_t kMostSquares = 64;

  WinogradAxis down;
  WinogradAxis along;

 private:
  std::int64_t image_channels_;
  std::int64_t result_channels_ = 0;
  PlaceBlock most_;
  bool fits_ = false;
};

/// The squares of an image under a block, transformed: number k of square n of channel c at
/// (k * square_stride + n) * image_stride + c.
template <typename T>
class ImageSquares {
 public:
  ImageSquares(const WinogradGrid& grid, std::int64_t channels) : grid_(grid), channels_(channels) {
    // The lanes beyond the channels are transformed with the others.
    if (channels < grid.image_stride()) std::fill_n(patch_, kWinogradSize, T{0});
  }

  void Read(const Images<T>& images, const PlaceBlock& block) {
    const std::int64_t stride = grid_.image_stride();
    const std::int64_t width = kSquareSide * (block.columns + 1);
    for (std::int64_t i = 0; i < kSquareSide * (block.rows + 1); ++i) ReadRow(images, block, i, width);
    for (std::int64_t row = 0; row < block.rows; ++row) {
      TransformImage<T>(grid_.Places<const T>(patch_, row, width, stride),
                        grid_.Transformed(data_, row * block.columns, stride), {block.columns, stride});
    }
  }

  const T* data() const { return data_; }

 private:
  // A row of the image, from the first column under the block on, the channels of each place side by side.
  void ReadRow(const Images<T>& images, const PlaceBlock& block, std::int64_t i, std::int64_t width) {
    const std::int64_t stride = grid_.image_stride();
    const std::int64_t row = grid_.down.first + kSquareSide * block.row + i;
    const std::int64_t column = grid_.along.first + kSquareSide * block.column;
    T* out = patch_ + i * width * stride;
    const bool hit = row >= 0 && row < images.height;
    const std::int64_t begin = hit ? std::clamp<std::int64_t>(-column, 0, width) : width;
    const std::int64_t end = std::clamp(images.width - column, begin, width);
    std::fill(out, out + begin * stride, T{0});
    TransposeRows<T>(
        {out + begin * stride, stride},
        {images.data + block.image * images.stride + row * images.width + column + begin, images.plane()},
        {channels_, end - begin});
    std::fill(out + end * stride, out + width * stride, T{0});
  }

  const WinogradGrid& grid_;
  std::int64_t channels_;
  alignas(64) T patch_[kWinogradSize];
  alignas(64) T data_[kWinogradSize + kWinogradSums * kMostWinogradChannels];
};

/// i * stride for the first i, as the places of rows that follow each other.
template <size_t kCount>
std::array<std::int64_t, kCount> EvenPlaces(std::int64_t stride) {
  std::array<std::int64_t, kCount> places;
  for (size_t i = 0; i < kCount; ++i) places[i] = static_cast<std::int64_t>(i) * stride;
  return places;
}

/// Computes the squares of a convolution. Holds the memory for it.
template <typename T>
class WinogradTile {
 public:
  WinogradTile(const ConvolutionCall<T>& call, const WinogradGrid& grid)
      : call_(call),
        grid_(grid),
        image_(grid, call.image_channels),
        image_places_(EvenPlaces<WinogradGrid::kMostSquares>(grid.image_stride())),
        channel_places_(EvenPlaces<kMostWinogradChannels>(1)) {}

  /// The rows [begin, end) of squares over all images.
  void ComputeRows(std::int64_t begin, std::int64_t end) {
    for (std::int64_t group = 0; group < call_.groups; ++group) {
      Images<T> images = call_.images;
      images.data += group * call_.image_channels * images.plane();
      for (std::int64_t first = 0; first < call_.result_channels; first += grid_.result_channels()) {
        channels_ = std::min(grid_.result_channels(), call_.result_channels - first);
        stride_ = WholeLanes(channels_);
        result_places_ = EvenPlaces<kMostWinogradChannels>(stride_);
        TakeKernel(group, first);
        ForEachBlock(grid_.AllSquares(), grid_.most(), begin, end, [&](const PlaceBlock& block) {
          image_.Read(images, block);
          Multiply(block.rows * block.columns, group * call_.result_channels + first);
          Store(block, group * call_.result_channels + first);
        });
      }
    }
  }

 private:
  void TakeKernel(std::int64_t group, std::int64_t first) {
    const ConvolutionWeight<T>& weight = call_.weight;
    const T* of_group = weight.data + group * weight.group_stride + first * weight.result_stride;
    T* taps = sums_;  // not yet in use
    if (channels_ < stride_) std::fill_n(taps, call_.image_channels * kKernelPlane * stride_, T{0});
    for (std::int64_t c = 0; c < call_.image_channels; ++c) {
      TransposeRows<T>({taps + c * kKernelPlane * stride_, stride_},
                       {of_group + c * weight.image_stride, weight.result_stride}, {channels_, kKernelPlane});
    }
    TransformKernel<T>(grid_.Kernels<const T>(taps, stride_), grid_.TransformedKernels(kernel_, stride_),
                       {call_.image_channels, stride_});
  }

  void Multiply(std::int64_t squares, std::int64_t first) {
    static constexpr std::array<T, WinogradGrid::kMostSquares> kZeros{};
    constexpr std::int64_t kInAll =
        kWinogradSide + 1;  // the second of both axes counts in all places of a square, once
    for (std::int64_t k = 0; k < kWinogradSums; ++k) {
      T* sums = sums_ + k * grid_.square_stride() * stride_;
      const bool bias = k == kInAll && call_.bias != nullptr;
      for (std::int64_t n = 0; n < squares && bias; ++n)
        std::copy_n(call_.bias + first, channels_, sums + n * stride_);
      AddTileProduct<T>({.a = image_.data() + k * grid_.square_stride() * grid_.image_stride(),
                         .a_rows = image_places_.data(),
                         .a_terms = channel_places_.data(),
                         .b = kernel_ + k * call_.image_channels * stride_,
                         .b_terms = result_places_.data(),
                         .c = sums,
                         .c_stride = stride_,
                         .starts = bias ? nullptr : kZeros.data(),
                         .rows = squares,
                         .terms = call_.image_channels,
                         .columns = channels_});
    }
  }

  void Store(const PlaceBlock& block, std::int64_t first) {
    const std::int64_t width = kSquareSide * block.columns;
    for (std::int64_t row = 0; row < block.rows; ++row) {
      TransformSums<T>(grid_.Transformed<const T>(sums_, row * block.columns, stride_),
                       grid_.Places(results_, row, width, stride_), {block.columns, stride_});
    }
    const ResultImages<T>& result = call_.result;
    const std::int64_t column = kSquareSide * block.column;
    T* planes = result.data + block.image * result.stride + first * result.plane();
    for (std::int64_t i = 0; i < kSquareSide * block.rows; ++i) {
      const std::int64_t row = kSquareSide * block.row + i;
      if (row == result.height) break;  // half a square
      TransposeRows<T>({planes + row * result.width + column, result.plane()},
                       {results_ + i * width * stride_, stride_},
                       {std::min(width, result.width - column), channels_});
    }
  }

  const ConvolutionCall<T>& call_;
  const WinogradGrid& grid_;
  ImageSquares<T> image_;
  std::int64_t channels_ = 0;  // of the result, at once
  std::int64_t stride_ = 0;    // room for these
  std::array<std::int64_t, WinogradGrid::kMostSquares> image_places_;
  std::array<std::int64_t, kMostWinogradChannels> channel_places_;
  std::array<std::int64_t, kMostWinogradChannels> result_places_;
  alignas(64) T kernel_[kWinogradSize];
  alignas(64) T sums_[kWinogradSize + kWinogradSums * kMostWinogradChannels];
  alignas(64) T results_[kWinogradPlaces];
};

/// Sums a group's weight of 3 x 3 taps over many images: the transpose of what WinogradTile does. Holds the memory for
/// it.
template <typename T>
class WinogradWeightSum {
 public:
  /// Weights of the group: that of channel o of d and c of the image from (o * image_channels + c) * 9 on.
  WinogradWeightSum(const WinogradGrid& grid, std::int64_t image_channels, std::int64_t result_channels)
      : grid_(grid),
        image_channels_(image_channels),
        result_channels_(result_channels),
        image_(grid, image_channels),
        image_places_(EvenPlaces<WinogradGrid::kMostSquares>(grid.image_stride())),
        channel_places_(EvenPlaces<kMostWinogradChannels>(1)) {}

  /// Adds the gradient for `count` images and as many d to `weight`, of some channels of d from `first` on:
  /// grid.result_channels() of them, or as many as there are.
  void Add(const Images<T>& images, Images<T> d, std::int64_t count, std::int64_t first, T* weight) {
    channels_ = std::min(grid_.result_channels(), result_channels_ - first);
    stride_ = WholeLanes(channels_);
    result_places_ = EvenPlaces<WinogradGrid::kMostSquares>(stride_);
    d.data += first * d.plane();
    std::fill_n(totals_, SumsSize(), 0.0);
    Clear();
    ForEachBlock(grid_.AllSquares(), grid_.most(), 0, count * grid_.down.squares(),
                 [&](const PlaceBlock& block) {
                   image_.Read(images, block);
                   ReadGradient(d, block);
                   Multiply(block.rows * block.columns);
                 });
    MoveSums();
    AddWeight(weight + first * image_channels_ * kKernelPlane);
  }

 private:
  std::int64_t SumsSize() const { return kWinogradSums * image_channels_ * stride_; }
  void Clear() { std::fill_n(sums_, SumsSize(), T{0}); }

  // The channels of each place of d side by side, zero beyond the last row and column, and so transformed.
  void ReadGradient(const Images<T>& d, const PlaceBlock& block) {
    const std::int64_t width = kSquareSide * block.columns;
    const std::int64_t column = kSquareSide * block.column;
    const std::int64_t inside = std::min(width, d.width - column);
    for (std::int64_t i = 0; i < kSquareSide * block.rows; ++i) {
      const std::int64_t row = kSquareSide * block.row + i;
      const std::int64_t columns = row < d.height ? inside : 0;
      T* out = patch_ + i * width * stride_;
      if (channels_ < stride_ || columns < width) std::fill_n(out, width * stride_, T{0});
      TransposeRows<T>({out, stride_}, {d.data + block.image * d.stride + row * d.width + column, d.plane()},
                       {channels_, columns});
    }
    for (std::int64_t row = 0; row < block.rows; ++row) {
      TransformGradient<T>(grid_.Places<const T>(patch_, row, width, stride_),
                           grid_.Transformed(d_, row * block.columns, stride_), {block.columns, stride_});
    }
  }

  void Multiply(std::int64_t squares) {
    for (std::int64_t k = 0; k < kWinogradSums; ++k) {
      AddTileProduct<T>({.a = image_.data() + k * grid_.square_stride() * grid_.image_stride(),
                         .a_rows = channel_places_.data(),
                         .a_terms = image_places_.data(),
                         .b = d_ + k * grid_.square_stride() * stride_,
                         .b_terms = result_places_.data(),
                         .c = sums_ + k * image_channels_ * stride_,
                         .c_stride = stride_,
                         .rows = image_channels_,
                         .terms = squares,
                         .columns = channels_});
    }
    summed_ += squares;
    if (summed_ >= kMostSummed) MoveSums();
  }

  // Sums of many terms lose digits: so they are sums of sums, in double.
  void MoveSums() {
    AddTo(totals_, sums_, SumsSize());
    Clear();
    summed_ = 0;
  }

  void AddWeight(T* weight) {
    std::transform(totals_, totals_ + SumsSize(), sums_, [](double total) { return static_cast<T>(total); });
    T* taps = d_;  // no longer in use
    TransformKernelSums<T>(grid_.TransformedKernels<const T>(sums_, stride_), grid_.Kernels(taps, stride_),
                           {image_channels_, stride_});
    for (std::int64_t o = 0; o < channels_; ++o) {
      for (std::int64_t i = 0; i < image_channels_ * kKernelPlane; ++i) {
        weight[o * image_channels_ * kKernelPlane + i] += taps[i * stride_ + o];
      }
    }
  }

  static constexpr std::int64_t kMostSummed = 256;

  const WinogradGrid& grid_;
  std::int64_t image_channels_;
  std::int64_t result_channels_;
  ImageSquares<T> image_;
  std::int64_t channels_ = 0;  // of d, at once
  std::int64_t stride_ = 0;    // room for these
  std::int64_t summed_ = 0;    // terms of sums_
  std::array<std::int64_t, WinogradGrid::kMostSquares> image_places_;
  std::array<std::int64_t, WinogradGrid::kMostSquares> result_places_;
  std::array<std::int64_t, kMostWinogradChannels> channel_places_;
  alignas(64) T patch_[kWinogradPlaces];
  alignas(64) T d_[kWinogradSize + kWinogradSums * kMostWinogradChannels];
  alignas(64) T sums_[kWinogradSize];
  alignas(64) double totals_[kWinogradSize];
};

}  // namespace plgraph

#endif  // PLGRAPH_OPS_KERNELS_WINOGRAD_H_
