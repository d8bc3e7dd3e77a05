#ifndef PLGRAPH_OPS_KERNELS_FUSED_ROW_KERNELS_H_
#define PLGRAPH_OPS_KERNELS_FUSED_ROW_KERNELS_H_

#include "ops/kernels/row_kernels.h"

namespace plgraph {

/// Passes of row_kernels.h over the same matrices in one: each element is loaded once. The rows of all matrices
/// follow each other without a gap, so that one offset finds an element in each of them. `next` may be `base`.

/// Rows and columns over which these passes sum, at most: sums of more terms would lose digits, and the passes of
/// row_kernels.h are to be taken. A sum over columns has several lanes.
constexpr std::int64_t kMostFusedRows = 1024;
constexpr std::int64_t kMostFusedColumns = 4096;

/// next = decay base + scale pre post^T, an update of a trace or of its gradient.
template <typename T>
struct TraceUpdate {
  T decay = 1;
  const T* pre = nullptr;
  const T* post = nullptr;
  RowFactor<T> scale;
};

/// w + alpha o h.
template <typename T>
struct PlasticWeights {
  const T* weight = nullptr;
  RowFactor<T> plasticity;
  const T* trace = nullptr;
};

/// The update, then y_j += sum_i x_i (w_ij + alpha_ij next_ij). The scale is a number; the trace of the weights is
/// `next`.
template <typename T>
void UpdateAndAddWeighted(T* next, const T* base, const TraceUpdate<T>& update, T* y, const T* x,
                          const PlasticWeights<T>& weights, RowCount count);

/// What one step of the backward pass does with the trace H and its gradient G.
template <typename T>
struct StepBack {
  PlasticWeights<T> weights;  ///< of the read at the step after, with H after the update
  const T* x = nullptr;       ///< of that read
  const T* d = nullptr;       ///< the gradient of its result
  T* d_x = nullptr;           ///< = (w + alpha o H) d
  T* d_alpha = nullptr;       ///< += (x d^T) o H
  T* g = nullptr;             ///< = decay of the step after * g + alpha o (x d^T)
  T g_decay = 1;
  TraceUpdate<T> update;  ///< which H comes from
  T* h = nullptr;         ///< = H before the update; may be the trace of the weights
  T* d_pre = nullptr;     ///< = G post
  T* d_post = nullptr;    ///< += pre^T G
};

/// One pass for all of it; returns sum_ij G_ij H_ij with H before the update. The scale of the update is a number.
template <typename T>
T RunStepBack(const StepBack<T>& step, RowCount count);

}  // namespace plgraph

#endif  // PLGRAPH_OPS_KERNELS_FUSED_ROW_KERNELS_H_
