// Accuracy: 1 where the largest element of the prediction is at the target's class, 0 otherwise. The class is where the
// target has its largest element, or the number that a scalar target is.
#include "core/first_largest.h"
#include "graph/ir/op_registry.h"
#include "ops/axis.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const OperandInstances<T>& target = args.operand(1);
  const std::int64_t size = args.operand(0).size();
  ForEachLine(args, {1, size, 1}, kCheapGrain, [&](std::int64_t instance, std::int64_t) {
    const std::int64_t predicted = FirstLargest(args.operand(0).Instance(instance), size, 1);
    const T* wanted = target.Instance(instance);
    const T expected = target.shape->rank() == 0 ? *wanted : static_cast<T>(FirstLargest(wanted, size, 1));
    *args.ResultInstance(instance) = static_cast<T>(predicted) == expected ? T{1} : T{0};
  });
}

const OpDef kAccuracy = {
    .name = "Accuracy",
    .operands = {{"prediction", "C"}, {.name = "target", .shape = "C | ", .index_below = RowsOfFirst}},
    .result = "",
    .adjoint = NotDifferentiable,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = OneFlopAnOperandElement,
};
PLGRAPH_REGISTER_OP(kAccuracy);

}  // namespace
}  // namespace plgraph
