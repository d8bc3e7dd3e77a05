#ifndef PLGRAPH_OPS_ELEMENTWISE_H_
#define PLGRAPH_OPS_ELEMENTWISE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "core/independent.h"
#include "graph/ir/kernel_args.h"
#include "ops/strided_loop.h"

namespace plgraph {

/// n elements: result_i = function(p0_i, p1_i, ...), an operand's elements `stride` apart. The result may lie on an
/// operand element for element.
template <typename T, size_t kOperands, typename Function, size_t... kIndex>
void ComputeRun(T* result, const std::array<const T*, kOperands>& p,
                const std::array<std::int64_t, kOperands>& stride, std::int64_t n, const Function& function,
                std::index_sequence<kIndex...>) {
  if (((stride[kIndex] == 1) && ...)) {
    PLGRAPH_INDEPENDENT
    for (std::int64_t i = 0; i < n; ++i) result[i] = function(p[kIndex][i]...);
    return;
  }
  if constexpr (kOperands == 2) {
    if (stride[0] == 1 && stride[1] == 0) {
      const T b = *p[1];
      PLGRAPH_INDEPENDENT
      for (std::int64_t i = 0; i < n; ++i) result[i] = function(p[0][i], b);
      return;
    }
    if (stride[0] == 0 && stride[1] == 1) {
      const T a = *p[0];
      PLGRAPH_INDEPENDENT
      for (std::int64_t i = 0; i < n; ++i) result[i] = function(a, p[1][i]);
      return;
    }
  }
  for (std::int64_t i = 0; i < n; ++i) result[i] = function(p[kIndex][i * stride[kIndex]]...);
}

/// The strides of the operands if all elements of all instances are one run: each operand lies as the result does, or
/// is one number. Small nodes spend most of their time on finding out how their operands lie; this is nearly always the
/// answer.
template <typename T, size_t kOperands>
std::optional<std::array<std::int64_t, kOperands>> StridesOfOneRun(
    const KernelArgs<T>& args, const std::array<OperandInstances<T>, kOperands>& operands) {
  const std::int64_t size = args.size();
  if (args.instances > 1 && args.result_stride != size) return std::nullopt;
  std::array<std::int64_t, kOperands> strides{};
  for (size_t v = 0; v < kOperands; ++v) {
    const std::int64_t own = operands[v].size();
    if (own != size && own != 1) return std::nullopt;
    strides[v] = own == size ? 1 : 0;
    if (args.instances > 1 && operands[v].instance_stride != strides[v] * size) return std::nullopt;
  }
  return strides;
}

/// All elements of all instances: result = function(operands...), each operand repeated to the result's shape by the
/// rules of broadcasting.
template <typename T, size_t kOperands, typename Function>
void ForEachElement(const KernelArgs<T>& args, const std::array<OperandInstances<T>, kOperands>& operands,
                    std::int64_t grain, const Function& function) {
  constexpr auto kEach = std::make_index_sequence<kOperands>();
  if (const auto stride = StridesOfOneRun(args, operands)) {
    args.threads->For(args.instances * args.size(), grain, kRangeAlign,
                      [&](std::int64_t begin, std::int64_t end) {
                        std::array<const T*, kOperands> p{};
                        for (size_t v = 0; v < kOperands; ++v) p[v] = operands[v].data + begin * (*stride)[v];
                        ComputeRun(args.result + begin, p, *stride, end - begin, function, kEach);
                      });
    return;
  }
  std::array<std::int64_t, kOperands + 1> instance_strides{args.result_stride};
  std::array<AxisStrides, kOperands + 1> strides{BroadcastStrides(*args.shape, *args.shape)};
  for (size_t v = 0; v < kOperands; ++v) {
    instance_strides[v + 1] = operands[v].instance_stride;
    strides[v + 1] = BroadcastStrides(*operands[v].shape, *args.shape);
  }
  const StridedLoop<kOperands + 1> loop = LoopOver(args.instances, instance_strides, *args.shape, strides);
  const auto run_strides = loop.RunStrides();
  const auto body = [&](const auto& offsets, std::int64_t n) {
    std::array<const T*, kOperands> p{};
    std::array<std::int64_t, kOperands> stride{};
    for (size_t v = 0; v < kOperands; ++v) {
      p[v] = operands[v].data + offsets[v + 1];
      stride[v] = run_strides[v + 1];
    }
    T* const result = args.result + offsets[0];
    if (n == 1 || run_strides[0] == 1) {
      ComputeRun(result, p, stride, n, function, kEach);
      return;
    }
    for (std::int64_t i = 0; i < n; ++i) {  // instances of one element that are not side by side
      ComputeRun(result + i * run_strides[0], p, stride, 1, function, kEach);
      for (size_t v = 0; v < kOperands; ++v) p[v] += stride[v];
    }
  };
  args.threads->For(loop.NumElements(), grain, kRangeAlign,
                    [&](std::int64_t begin, std::int64_t end) { loop.Run(begin, end, body); });
}

}  // namespace plgraph

#endif  // PLGRAPH_OPS_ELEMENTWISE_H_
