// OuterSum: the sum over samples and steps of scale o (a b^T): what the gradient of a weight matrix is.
// Without a scale it is one matrix product over all rows, A^T B.
#include "graph/node_builder.h"
#include "graph/op_registry.h"
#include "ops/kernels/gemm.h"
#include "ops/kernels/lines.h"

namespace plgraph {
namespace {

enum Operand : size_t { kA, kB, kScale };

template <typename T>
void AddOuter(const T* a, const T* b, const T* scale, T* out, std::int64_t begin, std::int64_t end,
              std::int64_t columns) {
  for (std::int64_t i = begin; i < end; ++i) {
    T* line = out + i * columns;
    if (scale == nullptr) {
      for (std::int64_t j = 0; j < columns; ++j) line[j] += a[i] * b[j];
    } else {
      const T* s = scale + i * columns;
      for (std::int64_t j = 0; j < columns; ++j) line[j] += a[i] * b[j] * s[j];
    }
  }
}

// Each thread has lines of its own and goes through all rows in order: the sum has one order.
template <typename T>
void AddRowByRow(const KernelArgs<T>& args) {
  const std::int64_t columns = args.shape->dim(1);
  ForLines(*args.threads, 1, args.shape->dim(0), columns * args.rows,
           [&](std::int64_t, std::int64_t begin, std::int64_t end) {
             for (std::int64_t row = 0; row < args.rows; ++row) {
               const T* scale = args.Has(kScale) ? args.operand(kScale).Row(row) : nullptr;
               AddOuter(args.operand(kA).Row(row), args.operand(kB).Row(row), scale, args.ResultRow(row),
                        begin, end, columns);
             }
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
    .internal = true,
};
PLGRAPH_REGISTER_OP(kOuterSum);

}  // namespace
}  // namespace plgraph
