#include "ops/kernels/row_kernels.h"

#include <algorithm>
#include <array>

#include "ops/kernels/sum_kernels.h"

// This file is compiled once for each kind of vector that it may meet.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/row_kernels.cc"
// clang-format off: the order matters
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/kernels/rows-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace plgraph {
namespace HWY_NAMESPACE {
namespace {

template <typename T>
HWY_INLINE void Update(const Rows<T>& out, const Rows<const T>& base, const RowFactor<T>& decay, const T* a,
                       const T* b, const RowFactor<T>& scale, const RowCount& count) {
  WithFactors(scale, decay, [&](auto scale_per_column, auto decay_per_column) HWY_ATTR {
    ForRows(count.rows, [&](std::int64_t i, auto rows) HWY_ATTR {
      OuterRow<T, scale_per_column()> outer[rows];
      FactorRow<T, decay_per_column()> kept[rows];
      for (std::int64_t l = 0; l < rows; ++l) {
        outer[l] = {scale, a, i + l};
        if (base.data != nullptr) kept[l] = {decay, i + l};
      }
      T* row = out.data + i * out.stride;
      if (base.data == nullptr) {
        ForColumns<T>(count.columns, [&](auto d, std::int64_t j) HWY_ATTR {
          const auto post = hn::LoadU(d, b + j);
          for (std::int64_t l = 0; l < rows; ++l) {
            hn::StoreU(outer[l].At(d, post, j), d, row + l * out.stride + j);
          }
        });
        return;
      }
      const T* old = base.data + i * base.stride;
      ForColumns<T>(count.columns, [&](auto d, std::int64_t j) HWY_ATTR {
        const auto post = hn::LoadU(d, b + j);
        for (std::int64_t l = 0; l < rows; ++l) {
          const auto before = hn::LoadU(d, old + l * base.stride + j);
          hn::StoreU(hn::MulAdd(kept[l].At(d, j), before, outer[l].At(d, post, j)), d,
                     row + l * out.stride + j);
        }
      });
    });
  });
}

template <typename T>
HWY_INLINE void Invert(const Rows<T>& out, const Rows<const T>& next, const RowFactor<T>& decay, const T* a,
                       const T* b, const RowFactor<T>& scale, const RowCount& count) {
  WithFactors(scale, decay, [&](auto scale_per_column, auto decay_per_column) HWY_ATTR {
    ForRows(count.rows, [&](std::int64_t i, auto rows) HWY_ATTR {
      OuterRow<T, scale_per_column()> outer[rows];
      FactorRow<T, decay_per_column()> kept[rows];
      T inverse[rows];
      for (std::int64_t l = 0; l < rows; ++l) {
        outer[l] = {scale, a, i + l};
        kept[l] = {decay, i + l};
        inverse[l] = 1 / kept[l].number;
      }
      T* row = out.data + i * out.stride;
      const T* after = next.data + i * next.stride;
      ForColumns<T>(count.columns, [&](auto d, std::int64_t j) HWY_ATTR {
        const auto post = hn::LoadU(d, b + j);
        for (std::int64_t l = 0; l < rows; ++l) {
          const auto rest = hn::Sub(hn::LoadU(d, after + l * next.stride + j), outer[l].At(d, post, j));
          if constexpr (decay_per_column()) {
            hn::StoreU(hn::Div(rest, kept[l].At(d, j)), d, row + l * out.stride + j);
          } else {
            hn::StoreU(hn::Mul(rest, hn::Set(d, inverse[l])), d, row + l * out.stride + j);
          }
        }
      });
    });
  });
}

template <typename T>
HWY_INLINE void AddWeighted(T* y, const T* x, const Rows<const T>& w, const RowFactor<T>& alpha,
                            const Rows<const T>& h, const RowCount& count) {
  WithPlasticity(alpha, h, [&](auto plastic, auto per_column) HWY_ATTR {
    ForRows(count.rows, [&](std::int64_t i, auto rows) HWY_ATTR {
      WeightRow<T, plastic(), per_column()> weights[rows];
      T pre[rows];
      for (std::int64_t l = 0; l < rows; ++l) {
        weights[l] = {w, alpha, h, i + l};
        pre[l] = x[i + l];
      }
      ForColumns<T>(count.columns, [&](auto d, std::int64_t j) HWY_ATTR {
        auto sum = hn::LoadU(d, y + j);
        for (std::int64_t l = 0; l < rows; ++l) {
          sum = hn::MulAdd(hn::Set(d, pre[l]), weights[l].At(d, j), sum);
        }
        hn::StoreU(sum, d, y + j);
      });
    });
  });
}

template <typename T>
HWY_INLINE void DotEach(T* y, const T* x, const Rows<const T>& w, const RowFactor<T>& alpha,
                        const Rows<const T>& h, const RowCount& count) {
  WithPlasticity(alpha, h, [&](auto plastic, auto per_column) HWY_ATTR {
    ForRows(count.rows, [&](std::int64_t i, auto rows) HWY_ATTR {
      WeightRow<T, plastic(), per_column()> weights[rows];
      RowSum<T> sums[rows];
      for (std::int64_t l = 0; l < rows; ++l) weights[l] = {w, alpha, h, i + l};
      ForColumns<T>(count.columns, [&](auto d, std::int64_t j) HWY_ATTR {
        const auto xs = hn::LoadU(d, x + j);
        for (std::int64_t l = 0; l < rows; ++l) sums[l].MulAdd(d, xs, weights[l].At(d, j));
      });
      for (std::int64_t l = 0; l < rows; ++l) y[i + l] = sums[l].Total();
    });
  });
}

template <typename T>
HWY_INLINE void AddScaled(const Rows<T>& out, const T* a, const T* b, const Rows<const T>& s,
                          const RowCount& count) {
  ForRows(count.rows, [&](std::int64_t i, auto rows) HWY_ATTR {
    T pre[rows];
    for (std::int64_t l = 0; l < rows; ++l) pre[l] = a[i + l];
    T* row = out.data + i * out.stride;
    const T* scale = s.data + i * s.stride;
    ForColumns<T>(count.columns, [&](auto d, std::int64_t j) HWY_ATTR {
      const auto post = hn::LoadU(d, b + j);
      for (std::int64_t l = 0; l < rows; ++l) {
        const auto outer = hn::Mul(hn::Set(d, pre[l]), post);
        const auto old = hn::LoadU(d, row + l * out.stride + j);
        hn::StoreU(hn::MulAdd(outer, hn::LoadU(d, scale + l * s.stride + j), old), d,
                   row + l * out.stride + j);
      }
    });
  });
}

// What is exported has no templates.
// NOLINTBEGIN(bugprone-macro-parentheses): types
#define PLGRAPH_LINE_KERNELS(T, Suffix)                                                            \
  void Update##Suffix(Rows<T> out, Rows<const T> base, RowFactor<T> decay, const T* a, const T* b, \
                      RowFactor<T> scale, RowCount count) {                                        \
    Update<T>(out, base, decay, a, b, scale, count);                                               \
  }                                                                                                \
  void Invert##Suffix(Rows<T> out, Rows<const T> next, RowFactor<T> decay, const T* a, const T* b, \
                      RowFactor<T> scale, RowCount count) {                                        \
    Invert<T>(out, next, decay, a, b, scale, count);                                               \
  }                                                                                                \
  void AddWeighted##Suffix(T* y, const T* x, Rows<const T> w, RowFactor<T> alpha, Rows<const T> h, \
                           RowCount count) {                                                       \
    AddWeighted<T>(y, x, w, alpha, h, count);                                                      \
  }                                                                                                \
  void DotEach##Suffix(T* y, const T* d, Rows<const T> w, RowFactor<T> alpha, Rows<const T> h,     \
                       RowCount count) {                                                           \
    DotEach<T>(y, d, w, alpha, h, count);                                                          \
  }                                                                                                \
  void AddScaled##Suffix(Rows<T> out, const T* a, const T* b, Rows<const T> s, RowCount count) {   \
    AddScaled<T>(out, a, b, s, count);                                                             \
  }
// NOLINTEND(bugprone-macro-parentheses)

PLGRAPH_LINE_KERNELS(float, Float)
PLGRAPH_LINE_KERNELS(double, Double)

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace plgraph
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plgraph {
namespace {

// Terms of a sum in T, at most: sums of more are made of blocks, whose sums are added in double.
constexpr std::int64_t kMostTerms = 512;
// Elements of a result that are summed from blocks together.
constexpr std::int64_t kBlockResults = 512;

template <typename T>
Rows<const T> From(const Rows<const T>& m, std::int64_t row, std::int64_t column) {
  return {m.data == nullptr ? nullptr : m.data + row * m.stride + column, m.stride};
}

template <typename T>
RowFactor<T> From(const RowFactor<T>& factor, std::int64_t row, std::int64_t column) {
  if (factor.data == nullptr) return factor;
  return {factor.data + row * factor.row_stride + column * factor.column_stride, factor.row_stride,
          factor.column_stride};
}

// Some elements of a result, summed from blocks.
template <typename T>
class BlockSums {
 public:
  BlockSums(const T* start, std::int64_t count) : count_(count) { std::copy_n(start, count, sums_.begin()); }
  explicit BlockSums(std::int64_t count) : count_(count) { std::fill_n(sums_.begin(), count, 0.0); }

  /// Where the next block is to be summed; all zeros.
  T* block() {
    std::fill_n(block_.begin(), count_, T{0});
    return block_.data();
  }
  void AddBlock() { AddTo(sums_.data(), block_.data(), count_); }
  void Store(T* result) const {
    for (std::int64_t i = 0; i < count_; ++i) result[i] = static_cast<T>(sums_[static_cast<size_t>(i)]);
  }

 private:
  std::int64_t count_;
  std::array<T, kBlockResults> block_;
  std::array<double, kBlockResults> sums_;
};

// y += x^T (w + alpha o h), some rows at a time. kernel(y, x, w, alpha, h, count) does it for a block.
template <typename T, typename Kernel>
void AddWeightedBlocks(T* y, const T* x, const Rows<const T>& w, const RowFactor<T>& alpha,
                       const Rows<const T>& h, const RowCount& count, const Kernel& kernel) {
  for (std::int64_t j = 0; j < count.columns; j += kBlockResults) {
    const std::int64_t columns = std::min(kBlockResults, count.columns - j);
    BlockSums<T> sums(y + j, columns);
    for (std::int64_t i = 0; i < count.rows; i += kMostTerms) {
      kernel(sums.block(), x + i, From(w, i, j), From(alpha, i, j), From(h, i, j),
             RowCount{std::min(kMostTerms, count.rows - i), columns});
      sums.AddBlock();
    }
    sums.Store(y + j);
  }
}

// y = (w + alpha o h) d, some columns at a time.
template <typename T, typename Kernel>
void DotBlocks(T* y, const T* d, const Rows<const T>& w, const RowFactor<T>& alpha, const Rows<const T>& h,
               const RowCount& count, const Kernel& kernel) {
  for (std::int64_t i = 0; i < count.rows; i += kBlockResults) {
    const std::int64_t rows = std::min(kBlockResults, count.rows - i);
    BlockSums<T> sums(rows);
    for (std::int64_t j = 0; j < count.columns; j += kMostTerms) {
      kernel(sums.block(), d + j, From(w, i, j), From(alpha, i, j), From(h, i, j),
             RowCount{rows, std::min(kMostTerms, count.columns - j)});
      sums.AddBlock();
    }
    sums.Store(y + i);
  }
}

HWY_EXPORT(UpdateFloat);
HWY_EXPORT(UpdateDouble);
HWY_EXPORT(InvertFloat);
HWY_EXPORT(InvertDouble);
HWY_EXPORT(AddWeightedFloat);
HWY_EXPORT(AddWeightedDouble);
HWY_EXPORT(DotEachFloat);
HWY_EXPORT(DotEachDouble);
HWY_EXPORT(AddScaledFloat);
HWY_EXPORT(AddScaledDouble);

}  // namespace

// NOLINTBEGIN(bugprone-macro-parentheses): types
#define PLGRAPH_DISPATCH_LINE_KERNELS(T, Suffix)                                                         \
  template <>                                                                                            \
  void UpdateRows(Rows<T> out, Rows<const T> base, RowFactor<T> decay, const T* a, const T* b,           \
                  RowFactor<T> scale, RowCount count) {                                                  \
    HWY_DYNAMIC_DISPATCH(Update##Suffix)(out, base, decay, a, b, scale, count);                          \
  }                                                                                                      \
  template <>                                                                                            \
  void InvertRows(Rows<T> out, Rows<const T> next, RowFactor<T> decay, const T* a, const T* b,           \
                  RowFactor<T> scale, RowCount count) {                                                  \
    HWY_DYNAMIC_DISPATCH(Invert##Suffix)(out, next, decay, a, b, scale, count);                          \
  }                                                                                                      \
  template <>                                                                                            \
  void AddWeightedRows(T* y, const T* x, Rows<const T> w, RowFactor<T> alpha, Rows<const T> h,           \
                       RowCount count) {                                                                 \
    const auto kernel = HWY_DYNAMIC_DISPATCH(AddWeighted##Suffix);                                       \
    if (count.rows <= kMostTerms) return kernel(y, x, w, alpha, h, count);                               \
    AddWeightedBlocks(y, x, w, alpha, h, count, kernel);                                                 \
  }                                                                                                      \
  template <>                                                                                            \
  void DotRows(T* y, const T* d, Rows<const T> w, RowFactor<T> alpha, Rows<const T> h, RowCount count) { \
    const auto kernel = HWY_DYNAMIC_DISPATCH(DotEach##Suffix);                                           \
    if (count.columns <= kMostTerms) return kernel(y, d, w, alpha, h, count);                            \
    DotBlocks(y, d, w, alpha, h, count, kernel);                                                         \
  }                                                                                                      \
  template <>                                                                                            \
  void AddScaledOuter(Rows<T> out, const T* a, const T* b, Rows<const T> s, RowCount count) {            \
    HWY_DYNAMIC_DISPATCH(AddScaled##Suffix)(out, a, b, s, count);                                        \
  }
// NOLINTEND(bugprone-macro-parentheses)

PLGRAPH_DISPATCH_LINE_KERNELS(float, Float)
PLGRAPH_DISPATCH_LINE_KERNELS(double, Double)

}  // namespace plgraph
#endif  // HWY_ONCE
