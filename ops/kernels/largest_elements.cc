#include "ops/kernels/largest_elements.h"

#include <limits>

// This file is compiled once for each kind of vector that it may meet.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/largest_elements.cc"
// clang-format off: the order matters
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace plgraph {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Calls take(column, elements) for a line of some windows that follow each other. Reads nothing that lies behind the
// last element of the last window, or in front of the first.
template <int kStep, class D, typename T, typename Take>
HWY_INLINE void TakeLine(D d, const T* line, std::int64_t columns, const Take& take) {
  if constexpr (kStep == 1) {
    for (std::int64_t column = 0; column < columns; ++column) take(column, hn::LoadU(d, line + column));
  } else {
    hn::Vec<D> even;
    hn::Vec<D> odd;
    for (std::int64_t column = 0; column + 1 < columns; column += 2) {
      hn::LoadInterleaved2(d, line + column, even, odd);
      take(column, even);
      take(column + 1, odd);
    }
    if (columns % 2 == 0) return;
    hn::LoadInterleaved2(d, line + columns - 2, even, odd);
    take(columns - 1, odd);
  }
}

// As many windows as a vector has lanes; all of them are taken through one element after the other, without a branch:
// which element is the largest cannot be foretold. kSide: that of the windows; 0: it is known only here.
template <int kStep, int kSide, class D, typename T>
HWY_INLINE void Windows(D d, const WindowLine<T>& w, std::int64_t i, T* values, PlaneIndex<T>* places) {
  const hn::Rebind<PlaneIndex<T>, D> di;
  const std::int64_t first = w.first + i * w.step;
  const auto corners =
      hn::Add(hn::Set(di, static_cast<PlaneIndex<T>>(first)),
              hn::Mul(hn::Iota(di, PlaneIndex<T>{0}), hn::Set(di, static_cast<PlaneIndex<T>>(w.step))));
  auto largest = hn::Set(d, -std::numeric_limits<T>::infinity());
  auto place = corners;
  for (std::int64_t line = 0; line < (kSide == 0 ? w.lines : kSide); ++line) {
    const std::int64_t offset = line * w.width;
    TakeLine<kStep>(d, w.plane + first + offset, kSide == 0 ? w.columns : kSide,
                    [&](std::int64_t column, auto elements) {
                      const auto places_of_elements =
                          hn::Add(corners, hn::Set(di, static_cast<PlaneIndex<T>>(offset + column)));
                      const auto keep = hn::Or(hn::Le(elements, largest), hn::IsNaN(largest));
                      largest = hn::IfThenElse(keep, largest, elements);
                      place = hn::IfThenElse(hn::RebindMask(di, keep), place, places_of_elements);
                    });
  }
  hn::StoreU(largest, d, values + i);
  hn::StoreU(place, di, places + i);
}

// The last vector takes some windows once more, where the count is no multiple of its lanes.
template <int kStep, int kSide, size_t kLanes, typename T>
HWY_INLINE bool AllWindows(const WindowLine<T>& w, T* values, PlaneIndex<T>* places) {
  const hn::CappedTag<T, kLanes> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  if (w.count < lanes) return false;
  for (std::int64_t i = 0; i + lanes < w.count; i += lanes) Windows<kStep, kSide>(d, w, i, values, places);
  Windows<kStep, kSide>(d, w, w.count - lanes, values, places);
  return true;
}

template <int kStep, int kSide, typename T>
HWY_INLINE bool InVectors(const WindowLine<T>& w, T* values, PlaneIndex<T>* places) {
  return AllWindows<kStep, kSide, 16>(w, values, places) || AllWindows<kStep, kSide, 8>(w, values, places) ||
         AllWindows<kStep, kSide, 4>(w, values, places);
}

template <typename T>
HWY_INLINE void Find(const WindowLine<T>& w, T* values, PlaneIndex<T>* places) {
  // By steps of two, a window must have a second column: the vectors reach it.
  const bool square = w.step == 2 && w.columns == 2 && w.lines == 2;  // the usual pooling
  const bool done = (square && InVectors<2, 2>(w, values, places)) ||
                    (w.step == 1 && InVectors<1, 0>(w, values, places)) ||
                    (w.step == 2 && w.columns > 1 && !square && InVectors<2, 0>(w, values, places));
  for (std::int64_t i = 0; i < w.count && !done; ++i) {
    Windows<1, 0>(hn::CappedTag<T, 1>(), w, i, values, places);
  }
}

void FindFloat(const WindowLine<float>& w, float* values, PlaneIndex<float>* places) {
  Find(w, values, places);
}
void FindDouble(const WindowLine<double>& w, double* values, PlaneIndex<double>* places) {
  Find(w, values, places);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace plgraph
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plgraph {
namespace {

HWY_EXPORT(FindFloat);
HWY_EXPORT(FindDouble);

}  // namespace

template <>
void FindLargest(const WindowLine<float>& windows, float* values, PlaneIndex<float>* places) {
  HWY_DYNAMIC_DISPATCH(FindFloat)(windows, values, places);
}

template <>
void FindLargest(const WindowLine<double>& windows, double* values, PlaneIndex<double>* places) {
  HWY_DYNAMIC_DISPATCH(FindDouble)(windows, values, places);
}

}  // namespace plgraph
#endif  // HWY_ONCE
