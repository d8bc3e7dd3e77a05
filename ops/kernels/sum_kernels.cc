#include "ops/kernels/sum_kernels.h"

#include <algorithm>
#include <array>

// This file is compiled once for each kind of vector that it may meet.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/sum_kernels.cc"
// clang-format off: the order matters
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace plgraph {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Products whose sum is rounded as T, on each lane one after the other.
constexpr std::int64_t kDotBlock = 1024;

template <typename T>
using Lanes = hn::CappedTag<T, kSumLanes>;
template <typename T>
constexpr std::int64_t kWidth = hn::MaxLanes(Lanes<T>());
template <typename T>
constexpr std::int64_t kVectors = kSumLanes / kWidth<T>;

using Doubles = Lanes<double>;
using Floats = hn::Rebind<float, Doubles>;

HWY_INLINE hn::Vec<Doubles> LoadDoubles(Doubles d, const float* x) {
  return hn::PromoteTo(d, hn::LoadU(Floats(), x));
}
HWY_INLINE hn::Vec<Doubles> LoadDoubles(Doubles d, const double* x) { return hn::LoadU(d, x); }

// The last elements, fewer than kSumLanes, and zeros behind them.
template <typename T>
HWY_INLINE std::array<T, kSumLanes> Padded(const T* x, std::int64_t count) {
  std::array<T, kSumLanes> padded{};
  std::copy_n(x, count, padded.begin());
  return padded;
}

// kSumLanes sums, element i in lane i mod kSumLanes, whatever the width of the vectors. They are joined halves on halves.
template <typename T>
class LaneSums {
 public:
  LaneSums() {
    for (auto& sum : sums_) sum = hn::Zero(Lanes<T>());
  }

  HWY_INLINE void Add(std::int64_t vector, hn::Vec<Lanes<T>> terms) {
    sums_[vector] = hn::Add(sums_[vector], terms);
  }

  HWY_INLINE T Total() {
    for (std::int64_t count = kVectors<T> / 2; count > 0; count /= 2) {
      for (std::int64_t v = 0; v < count; ++v) Add(v, sums_[v + count]);
    }
    std::array<T, kWidth<T>> lanes;
    hn::StoreU(sums_[0], Lanes<T>(), lanes.data());
    for (size_t width = lanes.size() / 2; width > 0; width /= 2) {
      for (size_t k = 0; k < width; ++k) lanes[k] += lanes[k + width];
    }
    return lanes[0];
  }

 private:
  hn::Vec<Lanes<T>> sums_[kVectors<T>];
};

template <typename T>
HWY_INLINE void AddTerms(LaneSums<double>& sums, const T* x) {
  for (std::int64_t v = 0; v < kVectors<double>; ++v)
    sums.Add(v, LoadDoubles(Doubles(), x + v * kWidth<double>));
}

template <typename T>
HWY_INLINE double Sum(const T* x, std::int64_t size) {
  LaneSums<double> sums;
  std::int64_t i = 0;
  for (; i + kSumLanes <= size; i += kSumLanes) AddTerms(sums, x + i);
  if (i < size) AddTerms(sums, Padded(x + i, size - i).data());
  return sums.Total();
}

template <typename T>
HWY_INLINE void Add(double* sums, const T* x, std::int64_t size) {
  const Doubles d;
  std::int64_t i = 0;
  for (; i + kWidth<double> <= size; i += kWidth<double>)
    hn::StoreU(hn::Add(hn::LoadU(d, sums + i), LoadDoubles(d, x + i)), d, sums + i);
  for (; i < size; ++i) sums[i] += static_cast<double>(x[i]);
}

// Products and sums are rounded apart, since not every machine can join them.
template <typename T>
HWY_INLINE void AddProducts(LaneSums<T>& sums, const T* a, const T* b) {
  const Lanes<T> d;
  for (std::int64_t v = 0; v < kVectors<T>; ++v)
    sums.Add(v, hn::Mul(hn::LoadU(d, a + v * kWidth<T>), hn::LoadU(d, b + v * kWidth<T>)));
}

template <typename T>
HWY_INLINE T DotOfBlock(const T* a, const T* b, std::int64_t size) {
  LaneSums<T> sums;
  std::int64_t i = 0;
  for (; i + kSumLanes <= size; i += kSumLanes) AddProducts(sums, a + i, b + i);
  if (i < size) AddProducts(sums, Padded(a + i, size - i).data(), Padded(b + i, size - i).data());
  return sums.Total();
}

template <typename T>
HWY_INLINE double Dot(const T* a, const T* b, std::int64_t size) {
  double sum = 0;
  for (std::int64_t i = 0; i < size; i += kDotBlock)
    sum += static_cast<double>(DotOfBlock(a + i, b + i, std::min(kDotBlock, size - i)));
  return sum;
}

// What is exported has no templates.
// NOLINTBEGIN(bugprone-macro-parentheses): types
#define PLGRAPH_SUM_KERNELS(T, Suffix)                                                  \
  double Sum##Suffix(const T* x, std::int64_t size) { return Sum(x, size); }            \
  void Add##Suffix(double* sums, const T* x, std::int64_t size) { Add(sums, x, size); } \
  double Dot##Suffix(const T* a, const T* b, std::int64_t size) { return Dot(a, b, size); }
// NOLINTEND(bugprone-macro-parentheses)

PLGRAPH_SUM_KERNELS(float, Float)
PLGRAPH_SUM_KERNELS(double, Double)

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace plgraph
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plgraph {
namespace {

HWY_EXPORT(SumFloat);
HWY_EXPORT(SumDouble);
HWY_EXPORT(AddFloat);
HWY_EXPORT(AddDouble);
HWY_EXPORT(DotFloat);
HWY_EXPORT(DotDouble);

}  // namespace

// NOLINTBEGIN(bugprone-macro-parentheses): types
#define PLGRAPH_DISPATCH_SUM_KERNELS(T, Suffix)                 \
  template <>                                                   \
  double SumOfMany(const T* x, std::int64_t size) {             \
    return HWY_DYNAMIC_DISPATCH(Sum##Suffix)(x, size);          \
  }                                                             \
  template <>                                                   \
  void AddManyTo(double* sums, const T* x, std::int64_t size) { \
    HWY_DYNAMIC_DISPATCH(Add##Suffix)(sums, x, size);           \
  }                                                             \
  template <>                                                   \
  double DotOf(const T* a, const T* b, std::int64_t size) {     \
    return HWY_DYNAMIC_DISPATCH(Dot##Suffix)(a, b, size);       \
  }
// NOLINTEND(bugprone-macro-parentheses)

PLGRAPH_DISPATCH_SUM_KERNELS(float, Float)
PLGRAPH_DISPATCH_SUM_KERNELS(double, Double)

}  // namespace plgraph
#endif  // HWY_ONCE
