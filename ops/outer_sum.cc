// OuterSum: the sum over samples and steps of scale o (a b^T): what the gradient of a weight matrix is.
// Without a scale it is one matrix product over all rows, A^T B.
#include <algorithm>
#include <array>

#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/kernels/gemm.h"
#include "ops/kernels/operand_rows.h"
#include "ops/kernels/rows.h"
#include "ops/kernels/sum_kernels.h"

namespace plgraph {
namespace {

enum Operand : size_t { kA, kB, kScale };

// The product of a row, of some lines and columns.
template <typename T>
void AddOuter(const KernelArgs<T>& args, std::int64_t row, std::int64_t line, std::int64_t column,
              Lines<T> out, const LineCount& count) {
  const T* a = args.operand(kA).Row(row) + line;
  const T* b = args.operand(kB).Row(row) + column;
  if (args.Has(kScale))
    return AddScaledOuter(out, a, b, LinesOfRow(args.operand(kScale), row, line, column), count);
  const LineFactor<T> one = FactorOf(OperandRows<T>{}, row, line);
  UpdateLines({out.data, out.stride}, {out.data, out.stride}, one, a, b, one, count);
}

// Rows whose products are added one after the other, at most.
constexpr std::int64_t kMostRows = 256;
// Columns that are summed from blocks of rows together.
constexpr std::int64_t kColumns = 512;

// A line of the sum, from blocks of rows, which are added in double.
template <typename T>
void AddLineInBlocks(const KernelArgs<T>& args, std::int64_t line) {
  const std::int64_t columns = args.shape->dim(1);
  for (std::int64_t j = 0; j < columns; j += kColumns) {
    const LineCount count = {1, std::min(kColumns, columns - j)};
    std::array<double, kColumns> sums{};
    for (std::int64_t first = 0; first < args.rows; first += kMostRows) {
      std::array<T, kColumns> block{};
      for (std::int64_t row = first; row < std::min(args.rows, first + kMostRows); ++row)
        AddOuter(args, row, line, j, {block.data(), kColumns}, count);
      AddTo(sums.data(), block.data(), count.columns);
    }
    T* result = args.result + line * columns + j;
    for (std::int64_t i = 0; i < count.columns; ++i)
      result[i] = static_cast<T>(static_cast<double>(result[i]) + sums[static_cast<size_t>(i)]);
  }
}

// Each thread has lines of its own and goes through all rows in order: the sum has one order.
template <typename T>
void AddRowByRow(const KernelArgs<T>& args) {
  const std::int64_t columns = args.shape->dim(1);
  const bool in_blocks = args.result_stride == 0 && args.rows > kMostRows;
  ForLines(*args.threads, 1, args.shape->dim(0), columns * args.rows,
           [&](std::int64_t, std::int64_t begin, std::int64_t end) {
             if (in_blocks) {
               for (; begin < end; ++begin) AddLineInBlocks(args, begin);
               return;
             }
             for (std::int64_t row = 0; row < args.rows; ++row)
               AddOuter(args, row, begin, 0, LinesOfResult(args, row, begin), {end - begin, columns});
           });
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const OperandRows<T>& a = args.operand(kA);
  const OperandRows<T>& b = args.operand(kB);
  const bool one_product =
      !args.Has(kScale) && args.result_stride == 0 && args.rows > 1 && a.row_stride != 0 && b.row_stride != 0;
  if (!one_product) return AddRowByRow(args);
  const MatrixView<const T> a_rows = {a.data, args.rows, a.size(), a.row_stride, 1};
  const MatrixView<const T> b_rows = {b.data, args.rows, b.size(), b.row_stride, 1};
  Gemm<T>(a_rows.Transposed(), b_rows, RowMajor(args.result, a.size(), b.size()), Store::kAdd, *args.threads);
}

LineUse Lines(const ShapeArgs& args, const Shape&) {
  return {LineUse::kEach, {true, false, args.Has(kScale)}};
}

std::int64_t Flops(const ShapeArgs& args, const Shape& result) {
  return (args.Has(kScale) ? 3 : 2) * result.NumElements();
}

const OpDef kOuterSum = {
    .name = "OuterSum",
    .operands = {{"a", "N"}, {"b", "M"}, {"scale", "N M", true}},
    .attributes = {"over_samples", "over_steps"},
    .result = "N M",
    .adjoint = NotDifferentiable,  // made after autodiff
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = Flops,
    .row_rule = RowRule::kSum,
    .lines = Lines,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kOuterSum);

}  // namespace
}  // namespace plgraph
