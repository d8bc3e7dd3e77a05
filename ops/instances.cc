// The ops that know of instances (an instance is one sample at one step). Only the compiler makes them:
//   SumInstances    the sum over the samples of the batch, the steps of the run, or both
//   Copy            the same value, repeated for every sample or step where it has only one instance
//   LastStep        the value at the last step
//   FirstStep       the value at the first step
//   CountInstances  how many instances SumInstances adds with the same attributes
#include <algorithm>

#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/kernels/rows.h"
#include "ops/kernels/sum_kernels.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

Shape SameShape(const ShapeArgs& args) { return args.operand(0); }

// The gradient of a sum is the same for all its terms, and that of a copy is summed where it is added up;
// that it is repeated or summed is the business of autodiff, which knows for which instances each value exists.
Gradients SameGradient(GradBuilder& g) { return {g.OutputGradient()}; }

Gradients LastStepAdjoint(GradBuilder& g) { return {g.Mul(g.OutputGradient(), g.graph().last_step)}; }

// Adds the instances of some elements, in double: a gradient of few elements is the sum of thousands of instances that
// nearly cancel each other.
template <typename T>
void SumElements(const KernelArgs<T>& args, std::int64_t begin, std::int64_t end) {
  constexpr std::int64_t kBlock = 64;
  double sums[kBlock];
  const OperandInstances<T>& x = args.operand(0);
  for (std::int64_t first = begin; first < end; first += kBlock) {
    const std::int64_t count = std::min(kBlock, end - first);
    T* result = args.result + first;
    std::copy_n(result, count, sums);
    for (std::int64_t instance = 0; instance < args.instances; ++instance) {
      AddTo(sums, x.Instance(instance) + first, count);
    }
    for (std::int64_t i = 0; i < count; ++i) result[i] = static_cast<T>(sums[i]);
  }
}

template <typename T>
void SumKernel(const KernelArgs<T>& args) {
  if (args.result_stride == 0) {
    ForRows(*args.threads, 1, args.size(), args.instances,
            [&](std::int64_t, std::int64_t begin, std::int64_t end) { SumElements(args, begin, end); });
    return;
  }
  // A sum for each sample: the kernel is called once for each step.
  for (std::int64_t instance = 0; instance < args.instances; ++instance) {
    const T* x = args.operand(0).Instance(instance);
    T* sum = args.ResultInstance(instance);
    for (std::int64_t i = 0; i < args.size(); ++i) sum[i] += x[i];
  }
}

template <typename T>
void CopyKernel(const KernelArgs<T>& args) {
  for (std::int64_t instance = 0; instance < args.instances; ++instance) {
    std::copy_n(args.operand(0).Instance(instance), args.size(), args.ResultInstance(instance));
  }
}

template <typename T>
void CountKernel(const KernelArgs<T>& args) {
  const std::int64_t samples = args.Flag(0) ? args.origin->run_samples : 1;
  const std::int64_t steps = args.Flag(1) ? args.origin->run_steps : 1;
  *args.result = static_cast<T>(samples) * static_cast<T>(steps);
}

const OpDef kSumInstances = {
    .name = "SumInstances",
    .operands = {{"x"}},
    .attributes = {"over_samples", "over_steps"},
    .shape_rule = SameShape,
    .adjoint = SameGradient,
    .kernel = PLGRAPH_KERNEL(SumKernel),
    .instance_rule = InstanceRule::kSum,
    .rows = ElementRows,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kSumInstances);

const OpDef kCopy = {
    .name = "Copy",
    .operands = {{"x"}},
    .attributes = {"over_samples", "over_steps"},
    .shape_rule = SameShape,
    .adjoint = SameGradient,
    .kernel = PLGRAPH_KERNEL(CopyKernel),
    .instance_rule = InstanceRule::kBroadcast,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kCopy);

const OpDef kLastStep = {
    .name = "LastStep",
    .operands = {{"x"}},
    .shape_rule = SameShape,
    .adjoint = LastStepAdjoint,
    .kernel = PLGRAPH_KERNEL(CopyKernel),
    .instance_rule = InstanceRule::kLastStep,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kLastStep);

const OpDef kFirstStep = {
    .name = "FirstStep",
    .operands = {{"x"}},
    .shape_rule = SameShape,
    .adjoint = NotDifferentiable,  // made by autodiff itself
    .kernel = PLGRAPH_KERNEL(CopyKernel),
    .instance_rule = InstanceRule::kFirstStep,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kFirstStep);

const OpDef kCountInstances = {
    .name = "CountInstances",
    .operands = {},
    .attributes = {"over_samples", "over_steps"},
    .result = "",
    .adjoint = NotDifferentiable,
    .kernel = PLGRAPH_KERNEL(CountKernel),
    .flops = NoFlops,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kCountInstances);

}  // namespace
}  // namespace plgraph
