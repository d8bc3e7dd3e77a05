#ifndef PLGRAPH_OPS_REDUCTION_H_
#define PLGRAPH_OPS_REDUCTION_H_

#include <algorithm>
#include <array>
#include <cstdint>

#include "graph/kernel_args.h"
#include "ops/kernels/reduce.h"
#include "ops/strided_loop.h"

namespace plgraph {

/// Sums each row of x, whole or along some axes. `strides` tell for each axis of x how far apart its places are in a
/// row of the result: 0 for an axis along which is summed. Each element of the result is summed by one thread, in
/// the order of x.
template <typename T>
class SumOverAxes {
 public:
  SumOverAxes(const KernelArgs<T>& args, const AxisStrides& strides) : args_(args) {
    const OperandRows<T>& x = args.operand(0);
    loop_ = LoopOver<2>(args.rows, {args.result_stride, x.row_stride}, *x.shape,
                        {strides, BroadcastStrides(*x.shape, *x.shape)});
  }

  void Run() const {
    for (std::int64_t row = 0; row < args_.rows; ++row) {
      std::fill_n(args_.ResultRow(row), args_.size(), T{0});
    }
    const size_t split = FirstKeptAxis();
    if (split == loop_.axes()) {
      Accumulate(loop_);
      return;
    }
    const std::int64_t each = loop_.NumElements() / loop_.extent(split);
    const std::int64_t grain = std::max<std::int64_t>(1, kCheapGrain / each);
    args_.threads->For(
        loop_.extent(split), grain, each < kRangeAlign ? kRangeAlign : 1,
        [&](std::int64_t begin, std::int64_t end) { Accumulate(loop_.Part(split, begin, end)); });
  }

 private:
  // Threads may share this axis: no two of its places belong to one element of the result.
  size_t FirstKeptAxis() const {
    size_t axis = 0;
    while (axis < loop_.axes() && loop_.strides(axis)[0] == 0) ++axis;
    return axis;
  }

  void Accumulate(const StridedLoop<2>& loop) const {
    const std::int64_t result_stride = loop.RunStrides()[0];
    const std::int64_t x_stride = loop.RunStrides()[1];
    const T* const data = args_.operand(0).data;
    loop.Run(0, loop.NumElements(), [&](const auto& offsets, std::int64_t n) {
      T* const result = args_.result + offsets[0];
      const T* const x = data + offsets[1];
      if (result_stride == 0 && x_stride == 1) {
        *result += SumOf(x, n);
      } else if (result_stride == 1 && x_stride == 1) {
        for (std::int64_t i = 0; i < n; ++i) result[i] += x[i];
      } else {
        for (std::int64_t i = 0; i < n; ++i) result[i * result_stride] += x[i * x_stride];
      }
    });
  }

  const KernelArgs<T>& args_;
  StridedLoop<2> loop_;
};

}  // namespace plgraph

#endif  // PLGRAPH_OPS_REDUCTION_H_
