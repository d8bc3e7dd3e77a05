#ifndef PLGRAPH_OPS_KERNELS_ROW_KERNELS_H_
#define PLGRAPH_OPS_KERNELS_ROW_KERNELS_H_

#include <cstdint>

namespace plgraph {

/// The passes over some lines of matrices, in vector code for the widest vectors that the machine has (Highway
/// chooses at run time). T is float or double. One thread; the order of every sum depends only on the sizes
/// and on the width of the vectors, and sums of many terms are made of blocks, whose sums are added in double.

/// A matrix, or some of its lines and columns.
template <typename T>
struct Lines {
  T* data = nullptr;
  std::int64_t stride = 0;  ///< elements from line to line
};

/// A factor of every element of a matrix: one number, one a column or one an element.
template <typename T>
struct LineFactor {
  const T* data = nullptr;
  std::int64_t line_stride = 0;
  std::int64_t column_stride = 0;  ///< 0 or 1
};

struct LineCount {
  std::int64_t lines = 0;
  std::int64_t columns = 0;
};

/// out_ij = decay_ij base_ij + scale_ij a_i b_j; without a base: scale_ij a_i b_j. `out` may be `base`.
template <typename T>
void UpdateLines(Lines<T> out, Lines<const T> base, LineFactor<T> decay, const T* a, const T* b,
                 LineFactor<T> scale, LineCount count);

/// out_ij = (next_ij - scale_ij a_i b_j) / decay_ij. `out` may be `next`.
template <typename T>
void InvertLines(Lines<T> out, Lines<const T> next, LineFactor<T> decay, const T* a, const T* b,
                 LineFactor<T> scale, LineCount count);

/// y_j += sum_i x_i (w_ij + alpha_ij h_ij); without h: sum_i x_i w_ij.
template <typename T>
void AddWeightedLines(T* y, const T* x, Lines<const T> w, LineFactor<T> alpha, Lines<const T> h,
                      LineCount count);

/// y_i = sum_j d_j (w_ij + alpha_ij h_ij); without h: sum_j d_j w_ij.
template <typename T>
void DotLines(T* y, const T* d, Lines<const T> w, LineFactor<T> alpha, Lines<const T> h, LineCount count);

/// out_ij += a_i b_j s_ij.
template <typename T>
void AddScaledOuter(Lines<T> out, const T* a, const T* b, Lines<const T> s, LineCount count);

}  // namespace plgraph

#endif  // PLGRAPH_OPS_KERNELS_ROW_KERNELS_H_
