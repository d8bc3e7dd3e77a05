#include "ops/kernels/gemm.h"

#include <algorithm>
#include <array>

// BLIS declares more than it needs to; only its typed interface is used here.
#include <blis.h>

#include "ops/kernels/sum_kernels.h"

namespace plgraph {
namespace {

// Rows or columns of c in one call of BLIS: many, as each call may pack b anew; of a small c fewer, which it takes as they
// lie, so that there is a piece for each thread.
constexpr std::int64_t kPiece = 256;
constexpr std::int64_t kSmallPiece = 64;
constexpr std::int64_t kSmall = 64 * 64 * 64;  // multiply-adds below which threads cost more than they bring

// Terms of a product that BLIS sums in T, at most. Products of more are made in squares, of blocks of terms, whose sums
// are added in double.
constexpr std::int64_t kMostTerms = 16 * 1024;
constexpr std::int64_t kSquare = 64;

void BlisGemm(MatrixView<const float> a, MatrixView<const float> b, MatrixView<float> c, float beta) {
  float one = 1;
  bli_sgemm(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, c.rows, c.columns, a.columns, &one,
            const_cast<float*>(a.data), a.row_stride, a.column_stride, const_cast<float*>(b.data),
            b.row_stride, b.column_stride, &beta, c.data, c.row_stride, c.column_stride);
}

void BlisGemm(MatrixView<const double> a, MatrixView<const double> b, MatrixView<double> c, double beta) {
  double one = 1;
  bli_dgemm(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, c.rows, c.columns, a.columns, &one,
            const_cast<double*>(a.data), a.row_stride, a.column_stride, const_cast<double*>(b.data),
            b.row_stride, b.column_stride, &beta, c.data, c.row_stride, c.column_stride);
}

template <typename T>
MatrixView<T> Rows(MatrixView<T> m, std::int64_t begin, std::int64_t count) {
  return {m.data + begin * m.row_stride, count, m.columns, m.row_stride, m.column_stride};
}

template <typename T>
MatrixView<T> Columns(MatrixView<T> m, std::int64_t begin, std::int64_t count) {
  return Rows(m.Transposed(), begin, count).Transposed();
}

// c = a b, or c += a b, for a small c and many terms.
template <typename T>
void MultiplyInBlocks(MatrixView<const T> a, MatrixView<const T> b, MatrixView<T> c, Store store) {
  std::array<T, kSquare * kSquare> block;
  std::array<double, kSquare * kSquare> sums{};
  for (std::int64_t k = 0; k < a.columns; k += kMostTerms) {
    const std::int64_t terms = std::min(kMostTerms, a.columns - k);
    BlisGemm(Columns(a, k, terms), Rows(b, k, terms), RowMajor(block.data(), c.rows, c.columns), T{0});
    AddTo(sums.data(), block.data(), c.rows * c.columns);
  }
  const double* sum = sums.data();
  for (std::int64_t i = 0; i < c.rows; ++i) {
    for (std::int64_t j = 0; j < c.columns; ++j) {
      T& to = c.data[i * c.row_stride + j * c.column_stride];
      const double start = store == Store::kAdd ? static_cast<double>(to) : 0;
      to = static_cast<T>(start + *sum++);
    }
  }
}

template <typename T>
void MultiplySquares(MatrixView<const T> a, MatrixView<const T> b, MatrixView<T> c, Store store,
                     ThreadPool& threads) {
  const std::int64_t across = (c.columns + kSquare - 1) / kSquare;
  const std::int64_t down = (c.rows + kSquare - 1) / kSquare;
  threads.For(down * across, 1, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t square = begin; square < end; ++square) {
      const std::int64_t i = square / across * kSquare;
      const std::int64_t j = square % across * kSquare;
      const std::int64_t rows = std::min(kSquare, c.rows - i);
      const std::int64_t columns = std::min(kSquare, c.columns - j);
      MultiplyInBlocks(Rows(a, i, rows), Columns(b, j, columns), Columns(Rows(c, i, rows), j, columns),
                       store);
    }
  });
}

}  // namespace

template <typename T>
void Gemm(MatrixView<const T> a, MatrixView<const T> b, MatrixView<T> c, Store store, ThreadPool& threads) {
  if (a.columns > kMostTerms) return MultiplySquares(a, b, c, store, threads);
  const T beta = store == Store::kAdd ? T{1} : T{0};
  if (c.columns > c.rows) {  // c^T = b^T a^T: the pieces are always rows
    Gemm<T>(b.Transposed(), a.Transposed(), c.Transposed(), store, threads);
    return;
  }
  const std::int64_t piece_rows = c.rows > kPiece ? kPiece : kSmallPiece;
  const std::int64_t pieces = (c.rows + piece_rows - 1) / piece_rows;
  const std::int64_t grain = c.rows * c.columns * a.columns < kSmall ? pieces : 1;
  threads.For(pieces, grain, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t piece = begin; piece < end; ++piece) {
      const std::int64_t first = piece * piece_rows;
      const std::int64_t count = std::min(piece_rows, c.rows - first);
      BlisGemm(Rows(a, first, count), b, Rows(c, first, count), beta);
    }
  });
}

template void Gemm<float>(MatrixView<const float>, MatrixView<const float>, MatrixView<float>, Store,
                          ThreadPool&);
template void Gemm<double>(MatrixView<const double>, MatrixView<const double>, MatrixView<double>, Store,
                           ThreadPool&);

}  // namespace plgraph
