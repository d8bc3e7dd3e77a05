// Max: the largest element along one axis, or of all elements. MaxGradient: its adjoint, d at the first largest element
// and zero elsewhere.
#include "core/first_largest.h"
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/axis.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

Gradients Adjoint(GradBuilder& g) {
  return {g.Apply("MaxGradient", {g.OutputGradient(), g.Operand(0)}, g.attributes())};
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const AxisView view = ViewAround(*args.operand(0).shape, args.attributes[0]);
  ForEachLine(args, view, kCheapGrain, [&](std::int64_t instance, std::int64_t line) {
    const T* x = args.operand(0).Instance(instance) + view.LineStart(line);
    args.ResultInstance(instance)[line] = x[FirstLargest(x, view.size, view.inner) * view.inner];
  });
}

template <typename T>
void GradientKernel(const KernelArgs<T>& args) {
  const AxisView view = ViewAround(*args.shape, args.attributes[0]);
  ForEachLine(args, view, kCheapGrain, [&](std::int64_t instance, std::int64_t line) {
    const T* x = args.operand(1).Instance(instance) + view.LineStart(line);
    T* result = args.ResultInstance(instance) + view.LineStart(line);
    const std::int64_t largest = FirstLargest(x, view.size, view.inner);
    for (std::int64_t k = 0; k < view.size; ++k) result[k * view.inner] = 0;
    result[largest * view.inner] = args.operand(0).Instance(instance)[line];
  });
}

const OpDef kMax = {
    .name = "Max",
    .operands = {{"x"}},
    .attributes = {"axis"},
    .shape_rule = WithoutAxis,
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = OneFlopAnOperandElement,
};
PLGRAPH_REGISTER_OP(kMax);

const OpDef kMaxGradient = {
    .name = "MaxGradient",
    .operands = {{"d"}, {"x"}},
    .attributes = {"axis"},
    .shape_rule = [](const ShapeArgs& args) { return args.operand(1); },
    .adjoint = NotDifferentiable,
    .kernel = PLGRAPH_KERNEL(GradientKernel),
    .internal = true,
};
PLGRAPH_REGISTER_OP(kMaxGradient);

}  // namespace
}  // namespace plgraph
