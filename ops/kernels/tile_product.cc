#include "ops/kernels/tile_product.h"

// This file is compiled once for each kind of vector that it may meet.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/tile_product.cc"
// clang-format off: the order matters
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace plgraph {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// The sums of some rows and some vectors of columns, kept in registers over all terms.
template <int kRows, int kVectors, class D, typename T>
HWY_INLINE void Block(D d, const TileProduct<T>& p, std::int64_t row, std::int64_t column) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  T* c = p.c + row * p.c_stride + column;
  const T* a[kRows];
  hn::Vec<decltype(d)> sums[kRows][kVectors];
  for (int l = 0; l < kRows; ++l) {
    a[l] = p.a + p.a_rows[row + l];
    for (int v = 0; v < kVectors; ++v) {
      sums[l][v] =
          p.starts == nullptr ? hn::LoadU(d, c + l * p.c_stride + v * lanes) : hn::Set(d, p.starts[row + l]);
    }
  }
  for (std::int64_t k = 0; k < p.terms; ++k) {
    const T* b = p.b + p.b_terms[k] + column;
    hn::Vec<decltype(d)> terms[kVectors];
    for (int v = 0; v < kVectors; ++v) terms[v] = hn::LoadU(d, b + v * lanes);
    for (int l = 0; l < kRows; ++l) {
      const auto factor = hn::Set(d, a[l][p.a_terms[k]]);
      for (int v = 0; v < kVectors; ++v) sums[l][v] = hn::MulAdd(factor, terms[v], sums[l][v]);
    }
  }
  for (int l = 0; l < kRows; ++l) {
    for (int v = 0; v < kVectors; ++v) hn::StoreU(sums[l][v], d, c + l * p.c_stride + v * lanes);
  }
}

// The last rows, all at once: kMost or fewer.
template <int kMost, int kVectors, class D, typename T>
HWY_INLINE void LastRows(D d, const TileProduct<T>& p, std::int64_t row, std::int64_t column) {
  if constexpr (kMost > 0) {
    if (p.rows - row == kMost) return Block<kMost, kVectors>(d, p, row, column);
    LastRows<kMost - 1, kVectors>(d, p, row, column);
  }
}

// All rows of some vectors of columns, which stay in the cache meanwhile. There are sums enough in the registers for
// no multiply-add to wait for the last one; a few rows at the end would have too few, so they go with those before.
template <int kRows, int kMostLast, int kVectors, class D, typename T>
HWY_INLINE void Rows(D d, const TileProduct<T>& p, std::int64_t column) {
  std::int64_t row = 0;
  for (; p.rows - row > kMostLast; row += kRows) Block<kRows, kVectors>(d, p, row, column);
  LastRows<kMostLast, kVectors>(d, p, row, column);
}

template <typename T>
HWY_INLINE void Add(const TileProduct<T>& p) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t column = 0;
  for (; column + 2 * lanes < p.columns; column += 3 * lanes) Rows<4, 4, 3>(d, p, column);
  if (column + lanes < p.columns) {
    Rows<4, 7, 2>(d, p, column);
  } else if (column < p.columns) {
#if HWY_MAX_BYTES == 64
    Rows<4, 7, 2>(hn::Half<decltype(d)>(), p, column);  // a wide vector a factor would wait for the factors
#else
    Rows<8, 15, 1>(d, p, column);
#endif
  }
}

void AddFloat(const TileProduct<float>& p) { Add(p); }
void AddDouble(const TileProduct<double>& p) { Add(p); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace plgraph
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plgraph {
namespace {

HWY_EXPORT(AddFloat);
HWY_EXPORT(AddDouble);

}  // namespace

template <>
void AddTileProduct(const TileProduct<float>& product) {
  HWY_DYNAMIC_DISPATCH(AddFloat)(product);
}

template <>
void AddTileProduct(const TileProduct<double>& product) {
  HWY_DYNAMIC_DISPATCH(AddDouble)(product);
}

}  // namespace plgraph
#endif  // HWY_ONCE
