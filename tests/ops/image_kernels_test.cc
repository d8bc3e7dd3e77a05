// The vector kernels of convolutions and pooling against plain loops, for every kind of vector that this machine has.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "core/random.h"
#include "ops/kernels/largest_elements.h"
#include "ops/kernels/tile_product.h"
#include "ops/kernels/transpose_rows.h"
#include "ops/kernels/winograd_transforms.h"
#include "tests/ops/vector_targets.h"

namespace plgraph {
namespace {

template <typename T>
class ImageKernels : public ::testing::Test {
 protected:
  static std::vector<T> Numbers(std::int64_t size, std::uint32_t stream) {
    const RandomStream random(1, stream, 0);
    std::vector<T> numbers;
    for (std::int64_t i = 0; i < size; ++i) {
      numbers.push_back(static_cast<T>(random.Uniform(static_cast<std::uint32_t>(i)) - 0.5));
    }
    return numbers;
  }
  // Places in a memory of `size`, some of them twice.
  static std::vector<std::int64_t> Places(std::int64_t count, std::int64_t size, std::uint32_t stream) {
    const RandomStream random(2, stream, 0);
    std::vector<std::int64_t> places;
    for (std::int64_t i = 0; i < count; ++i) {
      places.push_back(random.Below(static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(size)));
    }
    return places;
  }
};

using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(ImageKernels, Types);

TYPED_TEST(ImageKernels, TransposeRows) {
  ForEachVectorAndSize([](RowCount count) {
    const std::int64_t gap = 3;
    const std::int64_t stride = count.columns + gap;
    const std::int64_t out_stride = count.rows + gap;
    const auto from = TestFixture::Numbers(count.rows * stride, 1);
    std::vector<TypeParam> out(static_cast<size_t>(count.columns * out_stride), 7);
    TransposeRows<TypeParam>({out.data(), out_stride}, {from.data(), stride}, count);
    for (std::int64_t j = 0; j < count.columns; ++j) {
      for (std::int64_t i = 0; i < out_stride; ++i) {
        const TypeParam expected = i < count.rows ? from[static_cast<size_t>(i * stride + j)] : 7;
        ASSERT_EQ(out[static_cast<size_t>(j * out_stride + i)], expected) << i << ", " << j;
      }
    }
  });
}

TYPED_TEST(ImageKernels, MultiplyTiles) {
  ForEachVectorAndSize([](RowCount count) {
    constexpr std::int64_t kTerms = 5;
    const std::int64_t stride = (count.columns / kTileLanes + 2) * kTileLanes;
    const auto a = TestFixture::Numbers(60, 1);
    const auto a_rows = TestFixture::Places(count.rows, 30, 2);
    const auto a_terms = TestFixture::Places(kTerms, 30, 3);
    const auto b = TestFixture::Numbers(2 * stride, 4);
    const auto b_terms = TestFixture::Places(kTerms, stride, 5);
    const auto start = TestFixture::Numbers(count.rows * stride, 6);
    auto c = start;
    const TileProduct<TypeParam> product = {.a = a.data(),
                                            .a_rows = a_rows.data(),
                                            .a_terms = a_terms.data(),
                                            .b = b.data(),
                                            .b_terms = b_terms.data(),
                                            .c = c.data(),
                                            .c_stride = stride,
                                            .rows = count.rows,
                                            .terms = kTerms,
                                            .columns = count.columns};
    AddTileProduct(product);
    const auto starts = TestFixture::Numbers(count.rows, 7);
    std::vector<TypeParam> from_starts(c.size());
    TileProduct<TypeParam> with_starts = product;
    with_starts.c = from_starts.data();
    with_starts.starts = starts.data();
    AddTileProduct(with_starts);
    for (std::int64_t i = 0; i < count.rows; ++i) {
      for (std::int64_t j = 0; j < count.columns; ++j) {
        const auto at = static_cast<size_t>(i * stride + j);
        TypeParam expected = 0;
        for (size_t k = 0; k < kTerms; ++k) {
          const auto place = static_cast<size_t>(a_rows[static_cast<size_t>(i)] + a_terms[k]);
          expected += a[place] * b[static_cast<size_t>(b_terms[k] + j)];
        }
        const TypeParam tolerance = 8 * std::numeric_limits<TypeParam>::epsilon();
        ASSERT_NEAR(c[at], start[at] + expected, tolerance) << i << ", " << j;
        ASSERT_NEAR(from_starts[at], starts[static_cast<size_t>(i)] + expected, tolerance) << i << ", " << j;
      }
    }
  });
}

constexpr std::int64_t kWindowRows = 3;

// The place of the largest element of a window, in its plane; windows are counted row after row.
template <typename T>
size_t LargestOf(const PlaneWindows<T>& windows, std::int64_t i) {
  const auto corner = static_cast<size_t>(windows.first + i / windows.count * windows.window_row_step +
                                          i % windows.count * windows.step);
  size_t largest = corner;
  for (std::int64_t element = 0; element < windows.rows * windows.columns; ++element) {
    const size_t at =
        corner + static_cast<size_t>(element / windows.columns * windows.width + element % windows.columns);
    const T before = windows.plane[largest];
    const T number = windows.plane[at];
    if (!std::isnan(before) && (std::isnan(number) || number > before)) largest = at;
  }
  return largest;
}

// The plane ends with the last window, so that the sanitizer sees what is read beyond it.
TYPED_TEST(ImageKernels, FindTheLargestElements) {
  using T = TypeParam;
  ForEachVectorAndSize([](RowCount count) {
    for (const std::int64_t step : {1, 2, 3}) {
      for (const std::int64_t columns : {1, 2, 3}) {
        const std::int64_t width = (count.columns - 1) * step + columns;
        const std::int64_t window_row_step = step * width;
        auto plane = TestFixture::Numbers((kWindowRows - 1) * window_row_step + (count.rows + 1) * width, 1);
        for (size_t i = 0; i < plane.size(); ++i) {
          if (i % 7 == 3) plane[i] = T{0.5};  // equal ones
          if (i % 31 == 5) plane[i] = std::numeric_limits<T>::quiet_NaN();
          if (i % 5 < 2 && i > plane.size() / 2) plane[i] = -std::numeric_limits<T>::infinity();
        }
        PlaneWindows<T> windows = {plane.data(), width,   width,       window_row_step, step,
                                   count.rows,   columns, kWindowRows, count.columns};
        std::vector<T> values(static_cast<size_t>(kWindowRows * count.columns));
        FindLargest(windows, values.data());
        const auto d = TestFixture::Numbers(kWindowRows * count.columns, 2);
        std::vector<T> sums(plane.size());
        AddToLargest(windows, d.data(), sums.data());
        windows.apart = step >= columns && step >= count.rows;
        std::vector<T> sums_apart(plane.size());
        AddToLargest(windows, d.data(), sums_apart.data());
        std::vector<T> expected_sums(plane.size());
        for (std::int64_t i = 0; i < kWindowRows * count.columns; ++i) {
          const size_t expected = LargestOf(windows, i);
          expected_sums[expected] += d[static_cast<size_t>(i)];
          const T value = values[static_cast<size_t>(i)];
          ASSERT_TRUE(value == plane[expected] || (std::isnan(value) && std::isnan(plane[expected])))
              << i << ", step " << step << ", " << columns;
        }
        ASSERT_EQ(sums, expected_sums) << "step " << step << ", " << columns;
        ASSERT_EQ(sums_apart, expected_sums) << "step " << step << ", " << columns;
      }
    }
  });
}

// Squares of random numbers with all their channels, one behind the other.
template <typename T>
struct SomeSquares {
  SomeSquares(std::int64_t side, WinogradCount count, std::vector<T> some)
      : numbers(std::move(some)),
        from{numbers.data(), side * side * count.channels, side * count.channels, count.channels},
        to{numbers.data(), side * side * count.channels, side * count.channels, count.channels} {}
  SomeSquares(const SomeSquares&) = delete;

  T At(std::int64_t square, std::int64_t i, std::int64_t j, std::int64_t channel) const {
    return numbers[static_cast<size_t>(square * to.square + i * to.down + j * to.along + channel)];
  }

  std::vector<T> numbers;
  Squares<const T> from;
  Squares<T> to;
};

template <typename T>
double Product(const SomeSquares<T>& a, const SomeSquares<T>& b) {
  return std::inner_product(a.numbers.begin(), a.numbers.end(), b.numbers.begin(), 0.0);
}

template <typename T, typename Body>
void ForEachWinogradCount(const Body& body) {
  ForEachVectorAndSize([&](RowCount count) {
    body(WinogradCount{count.rows, WholeLanes(std::min<std::int64_t>(count.columns, 100))});
  });
}

TYPED_TEST(ImageKernels, WinogradsTransformsConvolve) {
  using T = TypeParam;
  ForEachWinogradCount<T>([](WinogradCount count) {
    const std::int64_t squares = count.squares * count.channels;
    const SomeSquares<T> image(4, count, TestFixture::Numbers(16 * squares, 1));
    const SomeSquares<T> kernel(3, count, TestFixture::Numbers(9 * squares, 2));
    SomeSquares<T> sums(4, count, std::vector<T>(static_cast<size_t>(16 * squares)));
    SomeSquares<T> factors(4, count, sums.numbers);
    SomeSquares<T> result(2, count, std::vector<T>(static_cast<size_t>(4 * squares)));
    TransformImage(image.from, sums.to, count);
    TransformKernel(kernel.from, factors.to, count);
    for (size_t i = 0; i < sums.numbers.size(); ++i) sums.numbers[i] *= factors.numbers[i];
    TransformSums(sums.from, result.to, count);
    for (std::int64_t place = 0; place < 4 * squares; ++place) {
      const std::int64_t channel = place % count.channels;
      const std::int64_t square = place / count.channels / 4;
      const std::int64_t i = place / count.channels / 2 % 2;
      const std::int64_t j = place / count.channels % 2;
      T expected = 0;
      for (std::int64_t k = 0; k < 3; ++k) {
        for (std::int64_t l = 0; l < 3; ++l) {
          expected += image.At(square, i + k, j + l, channel) * kernel.At(square, k, l, channel);
        }
      }
      ASSERT_NEAR(result.At(square, i, j, channel), expected, 32 * std::numeric_limits<T>::epsilon());
    }
  });
}

TYPED_TEST(ImageKernels, WinogradsGradientsAreTransposes) {
  using T = TypeParam;
  ForEachWinogradCount<T>([](WinogradCount count) {
    const std::int64_t squares = count.squares * count.channels;
    const double tolerance = static_cast<double>(64 * squares) * std::numeric_limits<T>::epsilon();
    const SomeSquares<T> sums(4, count, TestFixture::Numbers(16 * squares, 1));
    SomeSquares<T> transformed(4, count, std::vector<T>(static_cast<size_t>(16 * squares)));

    const SomeSquares<T> d(2, count, TestFixture::Numbers(4 * squares, 2));
    SomeSquares<T> result(2, count, std::vector<T>(static_cast<size_t>(4 * squares)));
    TransformSums(sums.from, result.to, count);
    TransformGradient(d.from, transformed.to, count);
    ASSERT_NEAR(Product(result, d), Product(sums, transformed), tolerance);

    const SomeSquares<T> kernel(3, count, TestFixture::Numbers(9 * squares, 3));
    SomeSquares<T> kernel_sums(3, count, std::vector<T>(static_cast<size_t>(9 * squares)));
    TransformKernel(kernel.from, transformed.to, count);
    TransformKernelSums(sums.from, kernel_sums.to, count);
    ASSERT_NEAR(Product(transformed, sums), Product(kernel, kernel_sums), tolerance);
  });
}

}  // namespace
}  // namespace plgraph
