// SignError: the part of the elements whose sign (-1, 0 or 1) differs from the target's.
#include "graph/ir/op_registry.h"
#include "ops/axis.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

template <typename T>
bool HaveSameSign(T a, T b) {
  return (a > 0 && b > 0) || (a < 0 && b < 0) || (a == 0 && b == 0);
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const std::int64_t size = args.operand(0).size();
  ForEachLine(args, {1, size, 1}, kCheapGrain, [&](std::int64_t instance, std::int64_t) {
    const T* prediction = args.operand(0).Instance(instance);
    const T* target = args.operand(1).Instance(instance);
    std::int64_t errors = 0;
    for (std::int64_t i = 0; i < size; ++i) errors += HaveSameSign(prediction[i], target[i]) ? 0 : 1;
    *args.ResultInstance(instance) = static_cast<T>(errors) / static_cast<T>(size);
  });
}

const OpDef kSignError = {
    .name = "SignError",
    .operands = {{"prediction"}, {"target"}},
    .shape_rule = ScalarOfPrediction,
    .adjoint = NotDifferentiable,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = OneFlopAnOperandElement,
};
PLGRAPH_REGISTER_OP(kSignError);

}  // namespace
}  // namespace plgraph
