// MatMul: vector by matrix, matrix by vector, or matrix by matrix.
#include <fmt/format.h>

#include <algorithm>

#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/kernels/gemm.h"
#include "ops/kernels/operand_rows.h"
#include "ops/kernels/rows.h"

namespace plgraph {
namespace {

enum Operand : size_t { kA, kB };

Shape ShapeRule(const ShapeArgs& args) {
  const Shape& a = args.operand(kA);
  const Shape& b = args.operand(kB);
  const bool ranks =
      a.rank() >= 1 && a.rank() <= 2 && b.rank() >= 1 && b.rank() <= 2 && a.rank() + b.rank() > 2;
  if (!ranks || a.dim(a.rank() - 1) != b.dim(0)) {
    throw ShapeError(
        fmt::format("operand \"a\" has shape {} but \"b\" has {}; [N] [N, M], [N, M] [M] and [L, N] [N, M] "
                    "can be multiplied{}",
                    a.ToString(), b.ToString(),
                    a.rank() == 1 && b.rank() == 1 ? "; for two vectors take dot or outer" : ""));
  }
  if (a.rank() == 1) return {b.dim(1)};
  return b.rank() == 1 ? Shape{a.dim(0)} : Shape{a.dim(0), b.dim(1)};
}

Gradients Adjoint(GradBuilder& g) {
  const auto [a, b] = g.Operands<2>();
  const Value d = g.OutputGradient();
  if (g.shape(a).rank() == 1) return {g.MatMul(b, d), g.Outer(a, d)};
  if (g.shape(b).rank() == 1) return {g.Outer(d, b), g.MatMul(d, a)};
  return {g.Wants(kA) ? g.MatMul(d, g.Transpose(b)) : Value{},
          g.Wants(kB) ? g.MatMul(g.Transpose(a), d) : Value{}};
}

template <typename T>
void MultiplyVectorMatrix(const KernelArgs<T>& args) {
  const OperandInstances<T>& x = args.operand(kA);
  const OperandInstances<T>& w = args.operand(kB);
  const std::int64_t rows = w.shape->dim(0);
  const std::int64_t columns = w.shape->dim(1);
  if (args.instances > 1 && w.instance_stride == 0 && x.instance_stride != 0) {  // [I, N] x [N, M] -> [I, M]
    const MatrixView<const T> instances = {x.data, args.instances, rows, x.instance_stride, 1};
    return Gemm<T>(instances, RowMajor(w.data, rows, columns),
                   {args.result, args.instances, columns, args.result_stride, 1}, Store::kReplace,
                   *args.threads);
  }
  ForColumns(*args.threads, args.instances, rows, columns,
             [&](std::int64_t instance, std::int64_t begin, std::int64_t end) {
               T* y = args.ResultInstance(instance) + begin;
               std::fill_n(y, end - begin, T{0});
               AddWeightedRows(y, x.Instance(instance), RowsOfInstance(w, instance, 0, begin), {}, {},
                               {rows, end - begin});
             });
}

template <typename T>
void MultiplyMatrixVector(const KernelArgs<T>& args) {
  const OperandInstances<T>& w = args.operand(kA);
  const OperandInstances<T>& x = args.operand(kB);
  const std::int64_t rows = w.shape->dim(0);
  const std::int64_t columns = w.shape->dim(1);
  if (args.instances > 1 && w.instance_stride == 0 && x.instance_stride != 0) {  // [I, M] x [M, N] -> [I, N]
    const MatrixView<const T> instances = {x.data, args.instances, columns, x.instance_stride, 1};
    return Gemm<T>(instances, RowMajor(w.data, rows, columns).Transposed(),
                   {args.result, args.instances, rows, args.result_stride, 1}, Store::kReplace,
                   *args.threads);
  }
  ForRows(*args.threads, args.instances, rows, columns,
          [&](std::int64_t instance, std::int64_t begin, std::int64_t end) {
            DotRows(args.ResultInstance(instance) + begin, x.Instance(instance),
                    RowsOfInstance(w, instance, begin), {}, {}, {end - begin, columns});
          });
}

template <typename T>
void MultiplyMatrices(const KernelArgs<T>& args) {
  const OperandInstances<T>& a = args.operand(kA);
  const OperandInstances<T>& b = args.operand(kB);
  const std::int64_t l = a.shape->dim(0);
  const std::int64_t n = a.shape->dim(1);
  const std::int64_t m = b.shape->dim(1);
  if (b.instance_stride == 0 && a.instance_stride == l * n &&
      args.result_stride == l * m) {  // [R L, N] x [N, M] -> [R L, M]
    return Gemm<T>(RowMajor(a.data, args.instances * l, n), RowMajor(b.data, n, m),
                   RowMajor(args.result, args.instances * l, m), Store::kReplace, *args.threads);
  }
  for (std::int64_t instance = 0; instance < args.instances; ++instance) {
    Gemm<T>(RowMajor(a.Instance(instance), l, n), RowMajor(b.Instance(instance), n, m),
            RowMajor(args.ResultInstance(instance), l, m), Store::kReplace, *args.threads);
  }
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  if (args.operand(kA).shape->rank() == 1) return MultiplyVectorMatrix(args);
  if (args.operand(kB).shape->rank() == 1) return MultiplyMatrixVector(args);
  MultiplyMatrices(args);
}

std::int64_t Flops(const ShapeArgs& args, const Shape& result) {
  return 2 * result.NumElements() * args.operand(kB).dim(0);
}

RowUse UseOfRows(const ShapeArgs& args, const Shape&) {
  if (args.operand(kA).rank() == 1) return {RowUse::kSum, {true, true}};
  if (args.operand(kB).rank() == 1) return {RowUse::kEach, {true, false}};
  return {};
}

const OpDef kMatMul = {
    .name = "MatMul",
    .operands = {{"a", "N | N M"}, {"b", "N M | M"}},
    .shape_rule = ShapeRule,
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = Flops,
    .rows = UseOfRows,
};
PLGRAPH_REGISTER_OP(kMatMul);

}  // namespace
}  // namespace plgraph
