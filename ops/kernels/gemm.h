#ifndef PLGRAPH_OPS_KERNELS_GEMM_H_
#define PLGRAPH_OPS_KERNELS_GEMM_H_

#include <cstdint>

#include "core/threads.h"

namespace plgraph {

/// A matrix in memory: element (i, j) is at data[i * row_stride + j * column_stride].
template <typename T>
struct MatrixView {
  T* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t row_stride = 0;
  std::int64_t column_stride = 1;

  MatrixView Transposed() const { return {data, columns, rows, column_stride, row_stride}; }
};

/// A row-major matrix without gaps.
template <typename T>
MatrixView<T> RowMajor(T* data, std::int64_t rows, std::int64_t columns) {
  return {data, rows, columns, columns, 1};
}

enum class Store { kReplace, kAdd };

/// c = a b, or c += a b, by BLIS. [m, k] x [k, n] -> [m, n]. Large products are cut into pieces that depend
/// on the shapes alone, so the bits are the same for any number of threads. Sums of many terms are made of blocks, whose
/// sums are added in double.
template <typename T>
void Gemm(MatrixView<const T> a, MatrixView<const T> b, MatrixView<T> c, Store store, ThreadPool& threads);

}  // namespace plgraph

#endif  // PLGRAPH_OPS_KERNELS_GEMM_H_
