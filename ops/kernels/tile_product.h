#ifndef PLGRAPH_OPS_KERNELS_TILE_PRODUCT_H_
#define PLGRAPH_OPS_KERNELS_TILE_PRODUCT_H_

#include <cstdint>

namespace plgraph {

/// The columns of a tile are computed in whole vectors: its rows have room for a multiple of so many columns.
constexpr std::int64_t kTileLanes = 16;
inline std::int64_t WholeLanes(std::int64_t columns) {
  return (columns + kTileLanes - 1) / kTileLanes * kTileLanes;
}

/// c = start + a b for a small [rows, terms] x [terms, columns] product, whose factors need not be gathered: element
/// (i, k) of a lies at a[a_rows[i] + a_terms[k]], row k of b at b + b_terms[k]. The rows of b and c can be read and
/// written up to the next multiple of kTileLanes columns.
template <typename T>
struct TileProduct {
  const T* a = nullptr;
  const std::int64_t* a_rows = nullptr;
  const std::int64_t* a_terms = nullptr;
  const T* b = nullptr;
  const std::int64_t* b_terms = nullptr;
  T* c = nullptr;
  std::int64_t c_stride = 0;  ///< from row to row
  const T* starts = nullptr;  ///< row i of c starts from starts[i]; null: c holds the start
  std::int64_t rows = 0;
  std::int64_t terms = 0;
  std::int64_t columns = 0;
};

/// Each element is a chain of multiply-adds, fused where the machine can, in the order of the terms: its bits depend
/// neither on the width of the vectors nor on how a larger product is cut into tiles.
template <typename T>
void AddTileProduct(const TileProduct<T>& product);

}  // namespace plgraph

#endif  // PLGRAPH_OPS_KERNELS_TILE_PRODUCT_H_
