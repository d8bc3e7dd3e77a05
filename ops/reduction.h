#ifndef PLGRAPH_OPS_REDUCTION_H_
#define PLGRAPH_OPS_REDUCTION_H_

#include <algorithm>
#include <array>
#include <cstdint>

#include "graph/ir/kernel_args.h"
#include "ops/kernels/sum_kernels.h"
#include "ops/strided_loop.h"

namespace plgraph {

/// Sums each instance of x, whole or along some axes, and divides by a number of terms. `strides` tell for each axis of
/// x how far apart its places are in an instance of the result: 0 for an axis along which is summed. Each element of
/// the result is summed in double by one thread, in an order that depends on the shapes alone, and rounded once.
template <typename T>
class SumOverAxes {
 public:
  SumOverAxes(const KernelArgs<T>& args, const AxisStrides& strides, double terms = 1)
      : args_(args), terms_(terms) {
    const OperandInstances<T>& x = args.operand(0);
    const AxisStrides in_x = BroadcastStrides(*x.shape, *x.shape);
    kept_.AddAxis(args.instances, {args.result_stride, x.instance_stride});
    for (int axis = 0; axis < x.shape->rank(); ++axis) {
      const auto i = static_cast<size_t>(axis);
      if (strides[i] == 0) {
        summed_.AddAxis(x.shape->dim(axis), {in_x[i]});
      } else {
        kept_.AddAxis(x.shape->dim(axis), {strides[i], in_x[i]});
      }
    }
  }

  void Run() const {
    const std::int64_t grain = std::max<std::int64_t>(1, kCheapGrain / summed_.NumElements());
    const std::int64_t align = summed_.NumElements() < kRangeAlign ? kRangeAlign : 1;
    args_.threads->For(kept_.NumElements(), grain, align,
                       [&](std::int64_t begin, std::int64_t end) { Compute(begin, end); });
  }

 private:
  // Columns that are summed side by side; their sums stay in the first cache.
  static constexpr std::int64_t kColumns = 256;

  void Compute(std::int64_t begin, std::int64_t end) const {
    const std::int64_t result_stride = kept_.RunStrides()[0];
    const std::int64_t x_stride = kept_.RunStrides()[1];
    const bool in_runs = summed_.RunStrides()[0] == 1;
    kept_.Run(begin, end, [&](const auto& offsets, std::int64_t n) {
      T* const result = args_.result + offsets[0];
      const T* const x = args_.operand(0).data + offsets[1];
      if (in_runs || x_stride != 1) {
        for (std::int64_t i = 0; i < n; ++i) result[i * result_stride] = Rounded(SumAt(x + i * x_stride));
        return;
      }
      for (std::int64_t i = 0; i < n; i += kColumns)
        SumColumns(x + i, std::min(kColumns, n - i), result + i * result_stride, result_stride);
    });
  }

  T Rounded(double sum) const { return static_cast<T>(sum / terms_); }

  // The sum for one place of the result, whose first term is at x.
  double SumAt(const T* x) const {
    const std::int64_t stride = summed_.RunStrides()[0];
    double sum = 0;
    summed_.Run(0, summed_.NumElements(), [&](const auto& offsets, std::int64_t n) {
      if (stride == 1) {
        sum += SumOf(x + offsets[0], n);
      } else {
        for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[offsets[0] + i * stride]);
      }
    });
    return sum;
  }

  // The sums for places whose terms lie side by side.
  void SumColumns(const T* x, std::int64_t count, T* result, std::int64_t result_stride) const {
    const std::int64_t stride = summed_.RunStrides()[0];
    std::array<double, kColumns> sums;
    std::fill_n(sums.begin(), count, 0.0);
    summed_.Run(0, summed_.NumElements(), [&](const auto& offsets, std::int64_t n) {
      for (std::int64_t i = 0; i < n; ++i) AddTo(sums.data(), x + offsets[0] + i * stride, count);
    });
    for (std::int64_t i = 0; i < count; ++i)
      result[i * result_stride] = Rounded(sums[static_cast<size_t>(i)]);
  }

  const KernelArgs<T>& args_;
  double terms_;
  StridedLoop<2> kept_;
  StridedLoop<1> summed_;
};

}  // namespace plgraph

#endif  // PLGRAPH_OPS_REDUCTION_H_
