// The vector kernels of convolutions and pooling against plain loops, for every kind of vector that this machine has.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "core/random.h"
#include "ops/kernels/largest_elements.h"
#include "ops/kernels/tile_product.h"
#include "ops/kernels/transpose_lines.h"
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

TYPED_TEST(ImageKernels, TransposeLines) {
  ForEachVectorAndSize([](LineCount count) {
    const std::int64_t gap = 3;
    const std::int64_t stride = count.columns + gap;
    const std::int64_t out_stride = count.lines + gap;
    const auto from = TestFixture::Numbers(count.lines * stride, 1);
    std::vector<TypeParam> out(static_cast<size_t>(count.columns * out_stride), 7);
    TransposeLines<TypeParam>({out.data(), out_stride}, {from.data(), stride}, count);
    for (std::int64_t j = 0; j < count.columns; ++j) {
      for (std::int64_t i = 0; i < out_stride; ++i) {
        const TypeParam expected = i < count.lines ? from[static_cast<size_t>(i * stride + j)] : 7;
        ASSERT_EQ(out[static_cast<size_t>(j * out_stride + i)], expected) << i << ", " << j;
      }
    }
  });
}

TYPED_TEST(ImageKernels, MultiplyTiles) {
  ForEachVectorAndSize([](LineCount count) {
    constexpr std::int64_t kTerms = 5;
    const std::int64_t stride = (count.columns / kTileLanes + 2) * kTileLanes;
    const auto a = TestFixture::Numbers(60, 1);
    const auto a_lines = TestFixture::Places(count.lines, 30, 2);
    const auto a_terms = TestFixture::Places(kTerms, 30, 3);
    const auto b = TestFixture::Numbers(2 * stride, 4);
    const auto b_terms = TestFixture::Places(kTerms, stride, 5);
    const auto start = TestFixture::Numbers(count.lines * stride, 6);
    auto c = start;
    AddTileProduct<TypeParam>({a.data(), a_lines.data(), a_terms.data(), b.data(), b_terms.data(), c.data(),
                               stride, count.lines, kTerms, count.columns});
    for (std::int64_t i = 0; i < count.lines; ++i) {
      for (std::int64_t j = 0; j < count.columns; ++j) {
        TypeParam expected = start[static_cast<size_t>(i * stride + j)];
        for (size_t k = 0; k < kTerms; ++k) {
          const auto place = static_cast<size_t>(a_lines[static_cast<size_t>(i)] + a_terms[k]);
          expected = std::fma(a[place], b[static_cast<size_t>(b_terms[k] + j)], expected);
        }
        // The oldest vectors have no fused multiply-add.
        ASSERT_NEAR(c[static_cast<size_t>(i * stride + j)], expected,
                    4 * std::numeric_limits<TypeParam>::epsilon())
            << i << ", " << j;
      }
    }
  });
}

// The plane ends with the last window, so that the sanitizer sees what is read beyond it.
TYPED_TEST(ImageKernels, FindTheLargestElements) {
  using T = TypeParam;
  ForEachVectorAndSize([](LineCount count) {
    for (const std::int64_t step : {1, 2, 3}) {
      for (const std::int64_t columns : {1, 2, 3}) {
        const std::int64_t width = (count.columns - 1) * step + columns;
        auto plane = TestFixture::Numbers((count.lines + 1) * width, 1);
        for (size_t i = 0; i < plane.size(); ++i) {
          if (i % 7 == 3) plane[i] = T{0.5};  // equal ones
          if (i % 31 == 5) plane[i] = std::numeric_limits<T>::quiet_NaN();
          if (i % 5 < 2 && i > plane.size() / 2) plane[i] = -std::numeric_limits<T>::infinity();
        }
        std::vector<T> values(static_cast<size_t>(count.columns));
        std::vector<PlaneIndex<T>> places(values.size());
        FindLargest<T>({plane.data(), width, width, step, count.lines, columns, count.columns}, values.data(),
                       places.data());
        for (std::int64_t i = 0; i < count.columns; ++i) {
          std::int64_t expected = width + i * step;
          for (std::int64_t element = 0; element < count.lines * columns; ++element) {
            const std::int64_t at = width + element / columns * width + i * step + element % columns;
            const T largest = plane[static_cast<size_t>(expected)];
            const T number = plane[static_cast<size_t>(at)];
            if (!std::isnan(largest) && (std::isnan(number) || number > largest)) expected = at;
          }
          ASSERT_EQ(places[static_cast<size_t>(i)], expected) << i << ", step " << step << ", " << columns;
          const T value = plane[static_cast<size_t>(expected)];
          ASSERT_EQ(std::isnan(values[static_cast<size_t>(i)]), std::isnan(value));
          if (std::isnan(value)) continue;
          ASSERT_EQ(values[static_cast<size_t>(i)], value);
        }
      }
    }
  });
}

}  // namespace
}  // namespace plgraph
