#include "ops/kernels/transpose_rows.h"

#include <algorithm>

// This file is compiled once for each kind of vector that it may meet.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/transpose_rows.cc"
// clang-format off: the order matters
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace plgraph {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Squares of 16 bytes a side: wider vectors would have to be taken apart again.
#if HWY_TARGET == HWY_SCALAR
template <typename T>
constexpr std::int64_t kSide = 1;

template <typename T>
HWY_INLINE void Square(T* out, std::int64_t, const T* from, std::int64_t) {
  *out = *from;
}
#else
template <typename T>
constexpr std::int64_t kSide = 16 / sizeof(T);

HWY_INLINE void Square(float* out, std::int64_t out_stride, const float* from, std::int64_t from_stride) {
  const hn::FixedTag<float, 4> d;
  const auto row0 = hn::LoadU(d, from);
  const auto row1 = hn::LoadU(d, from + from_stride);
  const auto row2 = hn::LoadU(d, from + 2 * from_stride);
  const auto row3 = hn::LoadU(d, from + 3 * from_stride);
  const auto lower_even = hn::InterleaveLower(d, row0, row2);
  const auto lower_odd = hn::InterleaveLower(d, row1, row3);
  const auto upper_even = hn::InterleaveUpper(d, row0, row2);
  const auto upper_odd = hn::InterleaveUpper(d, row1, row3);
  hn::StoreU(hn::InterleaveLower(d, lower_even, lower_odd), d, out);
  hn::StoreU(hn::InterleaveUpper(d, lower_even, lower_odd), d, out + out_stride);
  hn::StoreU(hn::InterleaveLower(d, upper_even, upper_odd), d, out + 2 * out_stride);
  hn::StoreU(hn::InterleaveUpper(d, upper_even, upper_odd), d, out + 3 * out_stride);
}

HWY_INLINE void Square(double* out, std::int64_t out_stride, const double* from, std::int64_t from_stride) {
  const hn::FixedTag<double, 2> d;
  const auto row0 = hn::LoadU(d, from);
  const auto row1 = hn::LoadU(d, from + from_stride);
  hn::StoreU(hn::InterleaveLower(d, row0, row1), d, out);
  hn::StoreU(hn::InterleaveUpper(d, row0, row1), d, out + out_stride);
}
#endif

template <typename T>
HWY_INLINE void Transpose(Rows<T> out, Rows<const T> from, RowCount count) {
  if (count.rows < kSide<T> || count.columns < kSide<T>) {
    for (std::int64_t j = 0; j < count.columns; ++j) {
      for (std::int64_t i = 0; i < count.rows; ++i)
        out.data[j * out.stride + i] = from.data[i * from.stride + j];
    }
    return;
  }
  // The last squares take some elements once more, where there is no whole square left.
  for (std::int64_t j = 0; j < count.columns; j += kSide<T>) {
    const std::int64_t column = std::min(j, count.columns - kSide<T>);
    for (std::int64_t i = 0; i < count.rows; i += kSide<T>) {
      const std::int64_t row = std::min(i, count.rows - kSide<T>);
      Square(out.data + column * out.stride + row, out.stride, from.data + row * from.stride + column,
             from.stride);
    }
  }
}

void TransposeFloat(Rows<float> out, Rows<const float> from, RowCount count) { Transpose(out, from, count); }
void TransposeDouble(Rows<double> out, Rows<const double> from, RowCount count) {
  Transpose(out, from, count);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace plgraph
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plgraph {
namespace {

HWY_EXPORT(TransposeFloat);
HWY_EXPORT(TransposeDouble);

}  // namespace

template <>
void TransposeRows(Rows<float> out, Rows<const float> from, RowCount count) {
  HWY_DYNAMIC_DISPATCH(TransposeFloat)(out, from, count);
}

template <>
void TransposeRows(Rows<double> out, Rows<const double> from, RowCount count) {
  HWY_DYNAMIC_DISPATCH(TransposeDouble)(out, from, count);
}

}  // namespace plgraph
#endif  // HWY_ONCE
