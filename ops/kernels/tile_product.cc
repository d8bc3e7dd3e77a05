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

// The sums of some lines and some vectors of columns, kept in registers over all terms.
template <int kLines, int kVectors, typename T>
HWY_INLINE void Block(const TileProduct<T>& p, std::int64_t line, std::int64_t column) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const T* a = p.a + line * p.a_stride;
  const T* b = p.b + column;
  T* c = p.c + line * p.c_stride + column;
  hn::Vec<decltype(d)> sums[kLines][kVectors];
  for (int l = 0; l < kLines; ++l) {
    for (int v = 0; v < kVectors; ++v) sums[l][v] = hn::LoadU(d, c + l * p.c_stride + v * lanes);
  }
  for (std::int64_t k = 0; k < p.terms; ++k, b += p.b_stride) {
    const T* factors = a + p.places[k];
    hn::Vec<decltype(d)> terms[kVectors];
    for (int v = 0; v < kVectors; ++v) terms[v] = hn::LoadU(d, b + v * lanes);
    for (int l = 0; l < kLines; ++l) {
      const auto factor = hn::Set(d, factors[l * p.a_stride]);
      for (int v = 0; v < kVectors; ++v) sums[l][v] = hn::MulAdd(factor, terms[v], sums[l][v]);
    }
  }
  for (int l = 0; l < kLines; ++l) {
    for (int v = 0; v < kVectors; ++v) hn::StoreU(sums[l][v], d, c + l * p.c_stride + v * lanes);
  }
}

// All lines of some vectors of columns, which stay in the cache meanwhile.
template <int kVectors, typename T>
HWY_INLINE void Columns(const TileProduct<T>& p, std::int64_t column) {
  std::int64_t line = 0;
  for (; line + 4 <= p.lines; line += 4) Block<4, kVectors>(p, line, column);
  for (; line < p.lines; ++line) Block<1, kVectors>(p, line, column);
}

template <typename T>
HWY_INLINE void Add(const TileProduct<T>& p) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(hn::ScalableTag<T>()));
  std::int64_t column = 0;
  for (; column + 2 * lanes < p.columns; column += 3 * lanes) Columns<3>(p, column);
  if (column + lanes < p.columns) {
    Columns<2>(p, column);
  } else if (column < p.columns) {
    Columns<1>(p, column);
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
