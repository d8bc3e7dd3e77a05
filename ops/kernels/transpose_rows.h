#ifndef PLGRAPH_OPS_KERNELS_TRANSPOSE_ROWS_H_
#define PLGRAPH_OPS_KERNELS_TRANSPOSE_ROWS_H_

#include "ops/kernels/row_kernels.h"

namespace plgraph {

/// out_ji = from_ij; `count` is that of `from`.
template <typename T>
void TransposeRows(Rows<T> out, Rows<const T> from, RowCount count);

}  // namespace plgraph

#endif  // PLGRAPH_OPS_KERNELS_TRANSPOSE_ROWS_H_
