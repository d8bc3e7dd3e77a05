// Sum: the sum of the elements along one axis, or of all elements.
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/axis.h"
#include "ops/reduction.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

Gradients Adjoint(GradBuilder& g) {
  const Shape& x = g.shape(g.Operand(0));
  Value d = g.OutputGradient();
  if (g.HasAttribute(0)) d = g.Reshape(d, KeepAxis(x, ResolveAxis(g.Integer(0), x)));
  return {g.Expand(d, x)};
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const Shape& x = *args.operand(0).shape;
  AxisStrides strides{};
  if (!std::holds_alternative<std::monostate>(args.attributes[0])) {
    const int summed = ResolveAxis(args.Integer(0), x);
    std::int64_t stride = 1;
    for (int axis = x.rank(); axis-- > 0;) {
      strides[static_cast<size_t>(axis)] = axis == summed ? 0 : stride;
      stride *= axis == summed ? 1 : x.dim(axis);
    }
  }
  SumOverAxes<T>(args, strides).Run();
}

const OpDef kSum = {
    .name = "Sum",
    .operands = {{"x"}},
    .attributes = {"axis"},
    .shape_rule = WithoutAxis,
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = OneFlopAnOperandElement,
};
PLGRAPH_REGISTER_OP(kSum);

}  // namespace
}  // namespace plgraph
