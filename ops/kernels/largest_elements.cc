#include "ops/kernels/largest_elements.h"

#include <algorithm>
#include <limits>
#include <type_traits>

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

// Where an element lies in its plane; as wide as the elements, so that vectors hold as many of the one as of the other.
template <typename T>
using PlaceOf = std::conditional_t<sizeof(T) == sizeof(float), std::int32_t, std::int64_t>;

// Whether an element is not a candidate against the largest one before it.
template <class V>
HWY_INLINE auto IsNotLarger(V element, V largest) {
  return hn::Or(hn::Le(element, largest), hn::IsNaN(largest));
}

// Calls take(column, elements) for a row of some windows that follow each other. Reads nothing that lies behind the
// last element of the last window, or in front of the first.
template <int kStep, class D, typename T, typename Take>
HWY_INLINE void TakeRow(D d, const T* row, std::int64_t columns, const Take& take) {
  if constexpr (kStep == 1) {
    for (std::int64_t column = 0; column < columns; ++column) take(column, hn::LoadU(d, row + column));
  } else {
    hn::Vec<D> even;
    hn::Vec<D> odd;
    for (std::int64_t column = 0; column + 1 < columns; column += 2) {
      hn::LoadInterleaved2(d, row + column, even, odd);
      take(column, even);
      take(column + 1, odd);
    }
    if (columns % 2 == 0) return;
    hn::LoadInterleaved2(d, row + columns - 2, even, odd);
    take(columns - 1, odd);
  }
}

// As many windows as a vector has lanes; all of them are taken through one element after the other, without a branch:
// which element is the largest cannot be foretold.
template <int kStep, class D, typename T>
HWY_INLINE void Windows(D d, const PlaneWindows<T>& w, std::int64_t i, T* values, PlaceOf<T>* places) {
  const hn::Rebind<PlaceOf<T>, D> di;
  const std::int64_t first = w.first + i * w.step;
  const auto corners =
      hn::Add(hn::Set(di, static_cast<PlaceOf<T>>(first)),
              hn::Mul(hn::Iota(di, PlaceOf<T>{0}), hn::Set(di, static_cast<PlaceOf<T>>(w.step))));
  auto largest = hn::Set(d, -std::numeric_limits<T>::infinity());
  auto place = corners;
  for (std::int64_t row = 0; row < w.rows; ++row) {
    const std::int64_t offset = row * w.width;
    TakeRow<kStep>(d, w.plane + first + offset, w.columns, [&](std::int64_t column, auto elements) {
      const auto places_of_elements = hn::Add(corners, hn::Set(di, static_cast<PlaceOf<T>>(offset + column)));
      const auto keep = IsNotLarger(elements, largest);
      largest = hn::IfThenElse(keep, largest, elements);
      place = hn::IfThenElse(hn::RebindMask(di, keep), place, places_of_elements);
    });
  }
  hn::StoreU(largest, d, values + i);
  hn::StoreU(place, di, places + i);
}

// The last vector takes some windows once more, where the count is not a multiple of its lanes.
template <int kStep, size_t kLanes, typename T>
HWY_INLINE bool AllWindows(const PlaneWindows<T>& w, T* values, PlaceOf<T>* places) {
  const hn::CappedTag<T, kLanes> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  if (w.count < lanes) return false;
  for (std::int64_t i = 0; i + lanes < w.count; i += lanes) Windows<kStep>(d, w, i, values, places);
  Windows<kStep>(d, w, w.count - lanes, values, places);
  return true;
}

template <int kStep, typename T>
HWY_INLINE bool InVectors(const PlaneWindows<T>& w, T* values, PlaceOf<T>* places) {
  return AllWindows<kStep, 16>(w, values, places) || AllWindows<kStep, 8>(w, values, places) ||
         AllWindows<kStep, 4>(w, values, places);
}

// Calls body(count, values, places) for the windows of a row, some of them at a time.
template <typename T, typename Body>
HWY_INLINE void ForEachGroup(PlaneWindows<T> w, const Body& body) {
  constexpr std::int64_t kGroup = 64;
  T values[kGroup];
  PlaceOf<T> places[kGroup];
  for (std::int64_t left = w.count; left > 0; left -= kGroup, w.first += kGroup * w.step) {
    w.count = std::min(left, kGroup);
    // By steps of two, a window must have a second column: the vectors reach it.
    const bool done = (w.step == 1 && InVectors<1>(w, values, places)) ||
                      (w.step == 2 && w.columns > 1 && InVectors<2>(w, values, places));
    for (std::int64_t i = 0; i < w.count && !done; ++i) {
      Windows<1>(hn::CappedTag<T, 1>(), w, i, values, places);
    }
    body(w.count, values, places);
  }
}

#if HWY_TARGET != HWY_SCALAR

// Squares of two by two elements, side by side: the usual pooling. A vector takes a half of its windows from `i` on,
// the others from `j` on: they need not follow each other, so that one vector does where the count is no more than its
// lanes.
template <class D, typename T>
struct Squares {
  using V = hn::Vec<D>;
  using Half = hn::Half<D>;

  HWY_INLINE Squares(const PlaneWindows<T>& w, std::int64_t i, std::int64_t j) {
    for (int row = 0; row < 2; ++row) {
      const T* in = w.plane + w.first + row * w.width;
      const V low = hn::LoadU(D(), in + 2 * i);
      const V high = hn::LoadU(D(), in + 2 * j);
      Take(2 * row, hn::ConcatEven(D(), high, low));
      Take(2 * row + 1, hn::ConcatOdd(D(), high, low));
    }
  }

  HWY_INLINE void Take(int element, V elements) {
    if (element == 0) {
      largest = elements;
      return;
    }
    keep[element] = IsNotLarger(elements, largest);
    largest = hn::IfThenElse(keep[element], largest, elements);
  }

  // Of each element d, where it is the largest, or else zero.
  HWY_INLINE void Store(V d, const PlaneWindows<T>& w, std::int64_t i, std::int64_t j, T* sums) const {
    V share[4];
    for (int element = 3; element > 0; --element) {
      share[element] = hn::IfThenZeroElse(keep[element], d);
      d = hn::IfThenElseZero(keep[element], d);
    }
    share[0] = d;
    for (int row = 0; row < 2; ++row) {
      T* out = sums + w.first + row * w.width;
      const V even = share[2 * row];
      const V odd = share[2 * row + 1];
      hn::StoreInterleaved2(hn::LowerHalf(Half(), even), hn::LowerHalf(Half(), odd), Half(), out + 2 * i);
      hn::StoreInterleaved2(hn::UpperHalf(Half(), even), hn::UpperHalf(Half(), odd), Half(), out + 2 * j);
    }
  }

  V largest;
  hn::Mask<D> keep[4];
};

// Calls body(d, i, j) for vectors that cover all windows, some of them perhaps twice.
template <size_t kLanes, typename T, typename Body>
HWY_INLINE bool ForEachHalves(std::int64_t count, const Body& body) {
  const hn::CappedTag<T, kLanes> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t half = lanes / 2;
  if (half == 0 || count < half) return false;
  for (std::int64_t i = 0; i + lanes < count; i += lanes) body(d, i, i + half);
  body(d, std::max<std::int64_t>(0, count - lanes), count - half);
  return true;
}

template <typename T, typename Body>
HWY_INLINE bool ForEachSquares(const PlaneWindows<T>& w, const Body& body) {
  if (w.step != 2 || w.columns != 2 || w.rows != 2) return false;
  return (w.count > 8 && ForEachHalves<16, T>(w.count, body)) || ForEachHalves<8, T>(w.count, body) ||
         ForEachHalves<4, T>(w.count, body);
}

template <typename T>
HWY_INLINE bool FindInSquares(const PlaneWindows<T>& w, T* values) {
  return ForEachSquares(w, [&](auto d, std::int64_t i, std::int64_t j) {
    using D = decltype(d);
    const hn::Half<D> half;
    const Squares<D, T> squares(w, i, j);
    hn::StoreU(hn::LowerHalf(half, squares.largest), half, values + i);
    hn::StoreU(hn::UpperHalf(half, squares.largest), half, values + j);
  });
}

template <typename T>
HWY_INLINE bool WriteToSquares(const PlaneWindows<T>& w, const T* numbers, T* sums) {
  return w.apart && ForEachSquares(w, [&](auto d, std::int64_t i, std::int64_t j) {
           using D = decltype(d);
           const hn::Half<D> half;
           const auto number = hn::Combine(d, hn::LoadU(half, numbers + j), hn::LoadU(half, numbers + i));
           Squares<D, T>(w, i, j).Store(number, w, i, j, sums);
         });
}

#else

template <typename T>
bool FindInSquares(const PlaneWindows<T>&, T*) {
  return false;
}

template <typename T>
bool WriteToSquares(const PlaneWindows<T>&, const T*, T*) {
  return false;
}

#endif

template <typename T>
HWY_INLINE void Find(PlaneWindows<T> w, T* values) {
  for (std::int64_t j = 0; j < w.window_rows; ++j, w.first += w.window_row_step, values += w.count) {
    if (FindInSquares(w, values)) continue;
    T* next = values;
    ForEachGroup(w, [&](std::int64_t count, const T* largest, const PlaceOf<T>*) {
      next = std::copy_n(largest, count, next);
    });
  }
}

template <typename T>
HWY_INLINE void AddTo(PlaneWindows<T> w, const T* d, T* sums) {
  for (std::int64_t j = 0; j < w.window_rows; ++j, w.first += w.window_row_step, d += w.count) {
    if (WriteToSquares(w, d, sums)) continue;
    const T* next = d;
    ForEachGroup(w, [&](std::int64_t count, const T*, const PlaceOf<T>* places) {
      for (std::int64_t i = 0; i < count; ++i) sums[places[i]] += *next++;
    });
  }
}

void FindFloat(const PlaneWindows<float>& w, float* values) { Find(w, values); }
void FindDouble(const PlaneWindows<double>& w, double* values) { Find(w, values); }
void AddFloat(const PlaneWindows<float>& w, const float* d, float* sums) { AddTo(w, d, sums); }
void AddDouble(const PlaneWindows<double>& w, const double* d, double* sums) { AddTo(w, d, sums); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace plgraph
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plgraph {
namespace {

HWY_EXPORT(FindFloat);
HWY_EXPORT(FindDouble);
HWY_EXPORT(AddFloat);
HWY_EXPORT(AddDouble);

}  // namespace

template <>
void FindLargest(const PlaneWindows<float>& windows, float* values) {
  HWY_DYNAMIC_DISPATCH(FindFloat)(windows, values);
}

template <>
void FindLargest(const PlaneWindows<double>& windows, double* values) {
  HWY_DYNAMIC_DISPATCH(FindDouble)(windows, values);
}

template <>
void AddToLargest(const PlaneWindows<float>& windows, const float* d, float* sums) {
  HWY_DYNAMIC_DISPATCH(AddFloat)(windows, d, sums);
}

template <>
void AddToLargest(const PlaneWindows<double>& windows, const double* d, double* sums) {
  HWY_DYNAMIC_DISPATCH(AddDouble)(windows, d, sums);
}

}  // namespace plgraph
#endif  // HWY_ONCE
