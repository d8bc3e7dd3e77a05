#ifndef PLGRAPH_OPS_HISTORY_H_
#define PLGRAPH_OPS_HISTORY_H_

#include <algorithm>
#include <cstdint>

#include "graph/ir/kernel_args.h"
#include "ops/kernels/row_kernels.h"

namespace plgraph {

/// What an operand was at the steps before, the latest first, each as a row; in the backward loop those are the steps
/// that come after in time. `lag`: how many steps before this one the latest is found, 1, or 0 of a state, which has it
/// one step later.
template <typename T>
Rows<const T> StepsBefore(const KernelArgs<T>& args, size_t operand, std::int64_t lag, bool backward,
                          std::int64_t instance) {
  const OperandInstances<T>& instances = args.operand(operand);
  const std::int64_t stride = backward ? instances.step_stride : -instances.step_stride;
  return {instances.Instance(instance) + std::clamp<std::int64_t>(lag, 0, 1) * stride, stride};
}

/// How many steps a loop has run before this one.
template <typename T>
std::int64_t CountStepsBefore(const KernelArgs<T>& args, bool backward) {
  return backward ? args.origin->run_steps - 1 - args.step : args.step;
}

}  // namespace plgraph

#endif  // PLGRAPH_OPS_HISTORY_H_
