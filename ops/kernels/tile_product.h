#ifndef PLGRAPH_OPS_KERNELS_TILE_PRODUCT_H_
#define PLGRAPH_OPS_KERNELS_TILE_PRODUCT_H_

#include <cstdint>

namespace plgraph {

/// The columns of a tile are computed in whole vectors: its lines have room for a multiple of so many columns.
constexpr std::int64_t kTileLanes = 16;

/// c = start + a b for a small [lines, terms] x [terms, columns] product. The elements of a line of a lie at `places`
/// behind its start, so that they need not be gathered; b and c lie in memory where the lines can be read and written
/// up to the next multiple of kTileLanes columns.
template <typename T>
struct TileProduct {
  const T* a = nullptr;
  std::int64_t a_stride = 0;             ///< from line to line
  const std::int64_t* places = nullptr;  ///< of each term in a line of a
  const T* b = nullptr;
  std::int64_t b_stride = 0;  ///< from term to term
  T* c = nullptr;             ///< holds the start
  std::int64_t c_stride = 0;  ///< from line to line
  std::int64_t lines = 0;
  std::int64_t terms = 0;
  std::int64_t columns = 0;
};

/// Each element is a chain of fused multiply-adds in the order of the terms: its bits depend neither on the width of
/// the vectors nor on how a larger product is cut into tiles.
template <typename T>
void AddTileProduct(const TileProduct<T>& product);

}  // namespace plgraph

#endif  // PLGRAPH_OPS_KERNELS_TILE_PRODUCT_H_
