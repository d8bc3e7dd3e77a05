#ifndef PLGRAPH_OPS_KERNELS_OPERAND_ROWS_H_
#define PLGRAPH_OPS_KERNELS_OPERAND_ROWS_H_

#include <cstdint>

#include "graph/ir/kernel_args.h"
#include "ops/kernels/fused_row_kernels.h"
#include "ops/kernels/row_kernels.h"

namespace plgraph {

/// The factor of an [N, M] matrix that an operand is: a scalar, [M] (one per column), [N, 1] (one per row) or [N, M],
/// from a row and a column on. An absent operand is 1.
template <typename T>
RowFactor<T> FactorOf(const OperandInstances<T>& operand, std::int64_t instance, std::int64_t row,
                      std::int64_t column = 0) {
  static constexpr T kOne = 1;
  if (!operand) return {&kOne, 0, 0};
  const T* data = operand.Instance(instance);
  switch (operand.shape->rank()) {
    case 0:
      return {data, 0, 0};
    case 1:
      return {data + column, 0, 1};
    default: {
      const std::int64_t columns = operand.shape->dim(1);
      if (columns == 1) return {data + row, 1, 0};
      return {data + row * columns + column, columns, 1};
    }
  }
}

/// The [N, M] matrix of an instance of an operand from a row and a column on; no data if the operand is absent.
template <typename T>
Rows<const T> RowsOfInstance(const OperandInstances<T>& operand, std::int64_t instance, std::int64_t row,
                             std::int64_t column = 0) {
  if (!operand) return {};
  const std::int64_t columns = operand.shape->dim(1);
  return {operand.Instance(instance) + row * columns + column, columns};
}

/// The same of a result.
template <typename T>
Rows<T> RowsOfResult(const KernelArgs<T>& args, std::int64_t instance, std::int64_t row) {
  const std::int64_t columns = args.shape->dim(1);
  return {args.ResultInstance(instance) + row * columns, columns};
}

/// The update that an op of one instance makes or inverts; its operands are a matrix, decay (a scalar or absent), pre,
/// post and scale.
template <typename T>
TraceUpdate<T> UpdateOf(const KernelArgs<T>& args) {
  return {*FactorOf(args.operand(1), 0, 0).data, args.operand(2).Instance(0), args.operand(3).Instance(0),
          FactorOf(args.operand(4), 0, 0)};
}

/// How many rows and columns a result has.
template <typename T>
RowCount CountOf(const KernelArgs<T>& args) {
  return {args.shape->dim(0), args.shape->dim(1)};
}

}  // namespace plgraph

#endif  // PLGRAPH_OPS_KERNELS_OPERAND_ROWS_H_
