// The vector kernels against plain loops, for every kind of vector that this machine has.
#include "ops/kernels/row_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "core/random.h"
#include "tests/ops/vector_targets.h"

namespace plgraph {
namespace {

constexpr std::int64_t kGap = 3;  // elements between rows, which must stay as they are
constexpr double kMark = 12345;

template <typename T>
class RowKernels : public ::testing::Test {
 protected:
  // Calls body for every kind of vector and for sizes around the widths of vectors.
  template <typename Body>
  void ForAll(const Body& body) {
    ForEachVectorAndSize([&](RowCount count) {
      count_ = count;
      stream_ = 0;
      body();
    });
  }

  std::vector<T> Numbers(std::int64_t size) {
    const RandomStream random(1, ++stream_, 0);
    std::vector<T> numbers;
    for (std::int64_t i = 0; i < size; ++i) {
      numbers.push_back(static_cast<T>(random.Uniform(static_cast<std::uint32_t>(i)) + 0.25));
    }
    return numbers;
  }
  std::int64_t stride() const { return count_.columns + kGap; }
  std::vector<T> Matrix() {
    std::vector<T> matrix = Numbers(count_.rows * stride());
    for (size_t i = 0; i < matrix.size(); ++i) {
      if (static_cast<std::int64_t>(i) % stride() >= count_.columns) matrix[i] = static_cast<T>(kMark);
    }
    return matrix;
  }
  T At(const std::vector<T>& matrix, std::int64_t i, std::int64_t j) const {
    return matrix[static_cast<size_t>(i * stride() + j)];
  }

  // The three forms of a factor.
  std::vector<RowFactor<T>> Factors(const std::vector<T>& matrix) const {
    return {{matrix.data(), 0, 0}, {matrix.data(), 0, 1}, {matrix.data(), stride(), 1}};
  }
  static double FactorAt(const RowFactor<T>& factor, std::int64_t i, std::int64_t j) {
    return static_cast<double>(factor.data[i * factor.row_stride + j * factor.column_stride]);
  }

  void ExpectClose(T actual, double expected) const {
    const double tolerance = 64 * static_cast<double>(std::numeric_limits<T>::epsilon());
    EXPECT_NEAR(static_cast<double>(actual), expected, tolerance * std::max(1.0, std::abs(expected)));
  }
  template <typename Expected>
  void ExpectMatrix(const std::vector<T>& actual, const Expected& expected) const {
    for (std::int64_t i = 0; i < count_.rows; ++i) {
      for (std::int64_t j = 0; j < count_.columns; ++j) ExpectClose(At(actual, i, j), expected(i, j));
      for (std::int64_t j = count_.columns; j < stride(); ++j)
        EXPECT_EQ(At(actual, i, j), static_cast<T>(kMark));
    }
  }

  RowCount count_;
  std::uint32_t stream_ = 0;
};

using NumberTypes = ::testing::Types<float, double>;
TYPED_TEST_SUITE(RowKernels, NumberTypes);

TYPED_TEST(RowKernels, UpdateAndInvert) {
  using T = TypeParam;
  this->ForAll([&] {
    const std::vector<T> base = this->Matrix();
    const std::vector<T> decays = this->Matrix();
    const std::vector<T> scales = this->Matrix();
    const std::vector<T> a = this->Numbers(this->count_.rows);
    const std::vector<T> b = this->Numbers(this->count_.columns);
    for (const RowFactor<T>& decay : this->Factors(decays)) {
      for (const RowFactor<T>& scale : this->Factors(scales)) {
        std::vector<T> h = base;
        const auto outer = [&](std::int64_t i, std::int64_t j) {
          return this->FactorAt(scale, i, j) * static_cast<double>(a[static_cast<size_t>(i)]) *
                 static_cast<double>(b[static_cast<size_t>(j)]);
        };
        UpdateRows<T>({h.data(), this->stride()}, {h.data(), this->stride()}, decay, a.data(), b.data(),
                      scale, this->count_);
        this->ExpectMatrix(h, [&](std::int64_t i, std::int64_t j) {
          return this->FactorAt(decay, i, j) * static_cast<double>(this->At(base, i, j)) + outer(i, j);
        });
        const std::vector<T> after = h;
        InvertRows<T>({h.data(), this->stride()}, {h.data(), this->stride()}, decay, a.data(), b.data(),
                      scale, this->count_);
        this->ExpectMatrix(h, [&](std::int64_t i, std::int64_t j) {
          return (static_cast<double>(this->At(after, i, j)) - outer(i, j)) / this->FactorAt(decay, i, j);
        });
        UpdateRows<T>({h.data(), this->stride()}, {}, {}, a.data(), b.data(), scale, this->count_);
        this->ExpectMatrix(h, outer);
      }
    }
  });
}

TYPED_TEST(RowKernels, AddWeightedRowsAndDotRows) {
  using T = TypeParam;
  this->ForAll([&] {
    const std::vector<T> w = this->Matrix();
    const std::vector<T> h = this->Matrix();
    const std::vector<T> alphas = this->Matrix();
    const std::vector<T> x = this->Numbers(this->count_.rows);
    const std::vector<T> d = this->Numbers(this->count_.columns);
    const std::vector<T> start = this->Numbers(this->count_.columns);
    for (const bool plastic : {false, true}) {
      for (const RowFactor<T>& alpha : this->Factors(alphas)) {
        const auto weight = [&](std::int64_t i, std::int64_t j) {
          const double trace =
              plastic ? this->FactorAt(alpha, i, j) * static_cast<double>(this->At(h, i, j)) : 0;
          return static_cast<double>(this->At(w, i, j)) + trace;
        };
        const Rows<const T> trace = {plastic ? h.data() : nullptr, this->stride()};
        std::vector<T> y = start;
        AddWeightedRows<T>(y.data(), x.data(), {w.data(), this->stride()}, alpha, trace, this->count_);
        for (std::int64_t j = 0; j < this->count_.columns; ++j) {
          double sum = static_cast<double>(start[static_cast<size_t>(j)]);
          for (std::int64_t i = 0; i < this->count_.rows; ++i) {
            sum += static_cast<double>(x[static_cast<size_t>(i)]) * weight(i, j);
          }
          this->ExpectClose(y[static_cast<size_t>(j)], sum);
        }
        std::vector<T> dots(x.size());
        DotRows<T>(dots.data(), d.data(), {w.data(), this->stride()}, alpha, trace, this->count_);
        for (std::int64_t i = 0; i < this->count_.rows; ++i) {
          double sum = 0;
          for (std::int64_t j = 0; j < this->count_.columns; ++j) {
            sum += static_cast<double>(d[static_cast<size_t>(j)]) * weight(i, j);
          }
          this->ExpectClose(dots[static_cast<size_t>(i)], sum);
        }
      }
    }
  });
}

TYPED_TEST(RowKernels, AddScaledOuter) {
  using T = TypeParam;
  this->ForAll([&] {
    const std::vector<T> start = this->Matrix();
    const std::vector<T> s = this->Matrix();
    const std::vector<T> a = this->Numbers(this->count_.rows);
    const std::vector<T> b = this->Numbers(this->count_.columns);
    std::vector<T> out = start;
    AddScaledOuter<T>({out.data(), this->stride()}, a.data(), b.data(), {s.data(), this->stride()},
                      this->count_);
    this->ExpectMatrix(out, [&](std::int64_t i, std::int64_t j) {
      return static_cast<double>(this->At(start, i, j)) + static_cast<double>(a[static_cast<size_t>(i)]) *
                                                              static_cast<double>(b[static_cast<size_t>(j)]) *
                                                              static_cast<double>(this->At(s, i, j));
    });
  });
}

}  // namespace
}  // namespace plgraph
