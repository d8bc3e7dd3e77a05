#ifndef PLGRAPH_OPS_KERNELS_ROW_KERNELS_H_
#define PLGRAPH_OPS_KERNELS_ROW_KERNELS_H_

#include <cstdint>

namespace plgraph {

/// The passes over some rows of matrices, in vector code for the widest vectors that the machine has (Highway
/// chooses at run time). T is float or double. One thread; the order of every sum depends only on the sizes
/// and on the width of the vectors, and sums of many terms are made of blocks, whose sums are added in double.

/// A matrix, or some of its rows and columns.
template <typename T>
struct Rows {
  T* data = nullptr;
  std::int64_t stride = 0;  ///< elements from row to row
};

/// A factor of every element of a matrix: one number, one per column or one per element.
template <typename T>
struct RowFactor {
  const T* data = nullptr;
  std::int64_t row_stride = 0;
  std::int64_t column_stride = 0;  ///< 0 or 1
};

struct RowCount {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
};

/// out_ij = decay_ij base_ij + scale_ij a_i b_j; without a base: scale_ij a_i b_j. `out` may be `base`.
template <typename T>
void UpdateRows(Rows<T> out, Rows<const T> base, RowFactor<T> decay, const T* a, const T* b,
                RowFactor<T> scale, RowCount count);

/// out_ij = (next_ij - scale_ij a_i b_j) / decay_ij. `out` may be `next`.
template <typename T>
void InvertRows(Rows<T> out, Rows<const T> next, RowFactor<T> decay, const T* a, const T* b,
                RowFactor<T> scale, RowCount count);

/// y_j += sum_i x_i (w_ij + alpha_ij h_ij); without h: sum_i x_i w_ij.
template <typename T>
void AddWeightedRows(T* y, const T* x, Rows<const T> w, RowFactor<T> alpha, Rows<const T> h, RowCount count);

/// y_i = sum_j d_j (w_ij + alpha_ij h_ij); without h: sum_j d_j w_ij.
template <typename T>
void DotRows(T* y, const T* d, Rows<const T> w, RowFactor<T> alpha, Rows<const T> h, RowCount count);

/// out_ij += a_i b_j s_ij.
template <typename T>
void AddScaledOuter(Rows<T> out, const T* a, const T* b, Rows<const T> s, RowCount count);

}  // namespace plgraph

#endif  // PLGRAPH_OPS_KERNELS_ROW_KERNELS_H_
