// OuterSum: the sum over samples and steps of scale o (a b^T): what the gradient of a weight matrix is.
// Without a scale it is one matrix product over all instances, A^T B.
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

// The product of an instance, of some rows and columns.
template <typename T>
void AddOuter(const KernelArgs<T>& args, std::int64_t instance, std::int64_t row, std::int64_t column,
              Rows<T> out, const RowCount& count) {
  const T* a = args.operand(kA).Instance(instance) + row;
  const T* b = args.operand(kB).Instance(instance) + column;
  if (args.Has(kScale))
    return AddScaledOuter(out, a, b, RowsOfInstance(args.operand(kScale), instance, row, column), count);
  const RowFactor<T> one = FactorOf(OperandInstances<T>{}, instance, row);
  UpdateRows({out.data, out.stride}, {out.data, out.stride}, one, a, b, one, count);
}

// Instances whose products are added one after the other, at most.
constexpr std::int64_t kMostInstances = 256;
// Columns that are summed from blocks of instances together.
constexpr std::int64_t kColumns = 512;

// A row of the sum, from blocks of instances, which are added in double.
template <typename T>
void AddRowInBlocks(const KernelArgs<T>& args, std::int64_t row) {
  const std::int64_t columns = args.shape->dim(1);
  for (std::int64_t j = 0; j < columns; j += kColumns) {
    const RowCount count = {1, std::min(kColumns, columns - j)};
    std::array<double, kColumns> sums{};
    for (std::int64_t first = 0; first < args.instances; first += kMostInstances) {
      std::array<T, kColumns> block{};
      for (std::int64_t instance = first; instance < std::min(args.instances, first + kMostInstances);
           ++instance)
        AddOuter(args, instance, row, j, {block.data(), kColumns}, count);
      AddTo(sums.data(), block.data(), count.columns);
    }
    T* result = args.result + row * columns + j;
    for (std::int64_t i = 0; i < count.columns; ++i)
      result[i] = static_cast<T>(static_cast<double>(result[i]) + sums[static_cast<size_t>(i)]);
  }
}

// Each thread has rows of its own and goes through all instances in order: the sum has one order.
template <typename T>
void AddInstanceByInstance(const KernelArgs<T>& args) {
  const std::int64_t columns = args.shape->dim(1);
  const bool in_blocks = args.result_stride == 0 && args.instances > kMostInstances;
  ForRows(*args.threads, 1, args.shape->dim(0), columns * args.instances,
          [&](std::int64_t, std::int64_t begin, std::int64_t end) {
            if (in_blocks) {
              for (; begin < end; ++begin) AddRowInBlocks(args, begin);
              return;
            }
            for (std::int64_t instance = 0; instance < args.instances; ++instance)
              AddOuter(args, instance, begin, 0, RowsOfResult(args, instance, begin), {end - begin, columns});
          });
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const OperandInstances<T>& a = args.operand(kA);
  const OperandInstances<T>& b = args.operand(kB);
  const bool one_product = !args.Has(kScale) && args.result_stride == 0 && args.instances > 1 &&
                           a.instance_stride != 0 && b.instance_stride != 0;
  if (!one_product) return AddInstanceByInstance(args);
  const MatrixView<const T> a_instances = {a.data, args.instances, a.size(), a.instance_stride, 1};
  const MatrixView<const T> b_instances = {b.data, args.instances, b.size(), b.instance_stride, 1};
  Gemm<T>(a_instances.Transposed(), b_instances, RowMajor(args.result, a.size(), b.size()), Store::kAdd,
          *args.threads);
}

RowUse UseOfRows(const ShapeArgs& args, const Shape&) {
  return {RowUse::kEach, {true, false, args.Has(kScale)}};
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
    .instance_rule = InstanceRule::kSum,
    .rows = UseOfRows,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kOuterSum);

}  // namespace
}  // namespace plgraph
