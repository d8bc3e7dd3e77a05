// Pieces of the kernels that pass over rows. Included once for each kind of vector.
#if defined(PLGRAPH_OPS_KERNELS_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLGRAPH_OPS_KERNELS_ROWS_INL_H_
#undef PLGRAPH_OPS_KERNELS_ROWS_INL_H_
#else
#define PLGRAPH_OPS_KERNELS_ROWS_INL_H_
#endif

#include <hwy/highway.h>

#include <array>
#include <type_traits>

#include "ops/kernels/row_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace plgraph {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// So many rows share the loads of what all rows need. More would be more streams of memory than a core foresees, and
// where a row is nearly a multiple of 4 KB the stores of one would hold up the loads of the next.
constexpr std::int64_t kRowsAtOnce = 2;

// How far ahead of their loads rows are prefetched. A core by itself looks as far as it has room for instructions,
// which is not far where there is much to do for an element.
constexpr std::int64_t kAheadBytes = 1536;

// Whole vectors, and the end of a row that is not a multiple of them. Wider ones than of 32 bytes bring nothing to
// loops that wait for memory, and lose where rows do not start on a cache line: every load is then of two of them.
template <typename T>
using Whole = hn::CappedTag<T, 32 / sizeof(T)>;
template <typename T>
using Half = hn::Half<Whole<T>>;
template <typename T>
using Quarter = hn::Half<Half<T>>;
template <typename T>
using Single = hn::CappedTag<T, 1>;

// Calls body(d, j) for the columns from 0 on: whole vectors, then a half, a quarter, and one element at a time.
// `ahead`: rows that come from memory.
template <typename T, size_t kCount, typename Body>
HWY_INLINE void ForColumns(std::int64_t columns, const std::array<const T*, kCount>& ahead,
                           const Body& body) {
  const Whole<T> whole;
  const std::int64_t step = static_cast<std::int64_t>(hn::Lanes(whole));
  constexpr std::int64_t kCacheLine = 64 / sizeof(T);
  constexpr std::int64_t kAhead = kAheadBytes / sizeof(T);
  std::int64_t j = 0;
  while (kCount > 0 && j + kCacheLine <= columns) {
    for (const T* row : ahead) __builtin_prefetch(row + j + kAhead);
    for (const std::int64_t end = j + kCacheLine; j < end; j += step) body(whole, j);
  }
  for (; j + step <= columns; j += step) body(whole, j);
  if (step >= 4 && j + step / 2 <= columns) {
    body(Half<T>(), j);
    j += step / 2;
  }
  if (step >= 8 && j + step / 4 <= columns) {
    body(Quarter<T>(), j);
    j += step / 4;
  }
  for (; j < columns; ++j) body(Single<T>(), j);
}

template <typename T, typename Body>
HWY_INLINE void ForColumns(std::int64_t columns, const Body& body) {
  ForColumns<T>(columns, std::array<const T*, 0>(), body);
}

// Calls body(i, rows) for all rows, kAtOnce of them at once as long as there are as many.
template <std::int64_t kAtOnce = kRowsAtOnce, typename Body>
HWY_INLINE void ForRows(std::int64_t rows, const Body& body) {
  std::int64_t i = 0;
  for (; i + kAtOnce <= rows; i += kAtOnce) body(i, std::integral_constant<std::int64_t, kAtOnce>());
  for (; i < rows; ++i) body(i, std::integral_constant<std::int64_t, 1>());
}

// One row of a factor. A number that holds for the whole row is loaded before the loop over the columns.
template <typename T, bool kPerColumn>
struct FactorRow {
  FactorRow() = default;
  FactorRow(const RowFactor<T>& factor, std::int64_t i)
      : row(factor.data + i * factor.row_stride), number(*row) {}

  template <typename D>
  HWY_INLINE hn::Vec<D> At(D d, std::int64_t j) const {
    if constexpr (kPerColumn) {
      return hn::LoadU(d, row + j);
    } else {
      return hn::Set(d, number);
    }
  }

  const T* row = nullptr;
  T number = 0;
};

// One row of scale o (a b^T).
template <typename T, bool kPerColumn>
struct OuterRow {
  OuterRow() = default;
  OuterRow(const RowFactor<T>& factor, const T* a, std::int64_t i)
      : scale(factor, i), number(kPerColumn ? a[i] : scale.number * a[i]) {}

  template <typename D>
  HWY_INLINE hn::Vec<D> At(D d, hn::Vec<D> b, std::int64_t j) const {
    const auto outer = hn::Mul(hn::Set(d, number), b);
    if constexpr (kPerColumn) {
      return hn::Mul(scale.At(d, j), outer);
    } else {
      return outer;
    }
  }

  FactorRow<T, kPerColumn> scale;
  T number = 0;
};

// Calls body(std::bool_constant) for whether a factor differs from column to column.
template <typename T, typename Body>
HWY_INLINE void WithFactor(const RowFactor<T>& factor, const Body& body) {
  if (factor.column_stride != 0) {
    body(std::true_type());
  } else {
    body(std::false_type());
  }
}

// Calls body(scale_per_column, decay_per_column).
template <typename T, typename Body>
HWY_INLINE void WithFactors(const RowFactor<T>& scale, const RowFactor<T>& decay, const Body& body) {
  WithFactor(scale, [&](auto scale_per_column) HWY_ATTR {
    WithFactor(decay, [&](auto decay_per_column) HWY_ATTR { body(scale_per_column, decay_per_column); });
  });
}

// One row of w + alpha o h.
template <typename T, bool kPlastic, bool kPerColumn>
struct WeightRow {
  WeightRow() = default;
  WeightRow(const Rows<const T>& w, const RowFactor<T>& factor, const Rows<const T>& h, std::int64_t i)
      : weight(w.data + i * w.stride) {
    if constexpr (kPlastic) {
      alpha = {factor, i};
      trace = h.data + i * h.stride;
    }
  }

  template <typename D>
  HWY_INLINE hn::Vec<D> At(D d, std::int64_t j) const {
    const auto fixed = hn::LoadU(d, weight + j);
    if constexpr (kPlastic) {
      return hn::MulAdd(alpha.At(d, j), hn::LoadU(d, trace + j), fixed);
    } else {
      return fixed;
    }
  }

  const T* weight = nullptr;
  FactorRow<T, kPerColumn> alpha;
  const T* trace = nullptr;
};

// Calls body(plastic, alpha_per_column), both std::bool_constant.
template <typename T, typename Body>
HWY_INLINE void WithPlasticity(const RowFactor<T>& alpha, const Rows<const T>& h, const Body& body) {
  if (h.data == nullptr) return body(std::false_type(), std::false_type());
  WithFactor(alpha, [&](auto per_column) HWY_ATTR { body(std::true_type(), per_column); });
}

// The sum of the two halves of a vector.
template <typename D, typename V>
HWY_INLINE hn::Vec<hn::Half<D>> SumOfHalves(D, V v) {
#if HWY_TARGET == HWY_SCALAR
  return v;  // there are no halves
#else
  const hn::Half<D> half;
  return hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v));
#endif
}

// A sum over the columns of rows, in the pieces that ForColumns makes.
template <typename T>
class RowSum {
 public:
  RowSum()
      : whole_(hn::Zero(Whole<T>())),
        half_(hn::Zero(Half<T>())),
        quarter_(hn::Zero(Quarter<T>())),
        single_(hn::Zero(Single<T>())) {}

  template <typename D, typename V>
  HWY_INLINE void MulAdd(D, V a, V b) {
    if constexpr (std::is_same_v<D, Whole<T>>) {
      whole_ = hn::MulAdd(a, b, whole_);
    } else if constexpr (std::is_same_v<D, Half<T>>) {
      half_ = hn::MulAdd(a, b, half_);
    } else if constexpr (std::is_same_v<D, Quarter<T>>) {
      quarter_ = hn::MulAdd(a, b, quarter_);
    } else {
      single_ = hn::MulAdd(a, b, single_);
    }
  }

  HWY_INLINE void Add(const RowSum& other) {
    whole_ = hn::Add(whole_, other.whole_);
    half_ = hn::Add(half_, other.half_);
    quarter_ = hn::Add(quarter_, other.quarter_);
    single_ = hn::Add(single_, other.single_);
  }

  HWY_INLINE T Total() const {
    if constexpr (hn::MaxLanes(Whole<T>()) >= 8) {
      const auto half = hn::Add(half_, SumOfHalves(Whole<T>(), whole_));
      const auto quarter = hn::Add(quarter_, SumOfHalves(Half<T>(), half));
      return hn::GetLane(hn::SumOfLanes(Quarter<T>(), quarter)) + hn::GetLane(single_);
    } else {
      return hn::GetLane(hn::SumOfLanes(Whole<T>(), whole_)) + hn::GetLane(hn::SumOfLanes(Half<T>(), half_)) +
             hn::GetLane(quarter_) + hn::GetLane(single_);
    }
  }

 private:
  hn::Vec<Whole<T>> whole_;
  hn::Vec<Half<T>> half_;
  hn::Vec<Quarter<T>> quarter_;
  hn::Vec<Single<T>> single_;
};

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace plgraph
HWY_AFTER_NAMESPACE();

#endif
