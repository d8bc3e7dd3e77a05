// Reshape: the same elements in another shape.
#include <fmt/format.h>

#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/elementwise.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

Shape ShapeRule(const ShapeArgs& args) {
  const Shape& x = CheckedShape(args, 0, "x");
  Shape shape = ShapeFromAttribute(args);
  for (const std::int64_t dim : shape.dims()) {
    if (dim < 1)
      throw ShapeError(fmt::format("shape is {}; every extent must be at least 1", shape.ToString()));
  }
  if (shape.NumElements() == x.NumElements()) return shape;
  throw ShapeError(fmt::format(
      "operand \"x\" has shape {}, of {} elements, but shape is {}, of {}; the number of elements "
      "must stay the same",
      x.ToString(), x.NumElements(), shape.ToString(), shape.NumElements()));
}

Gradients Adjoint(GradBuilder& g) { return {g.Reshape(g.OutputGradient(), g.shape(g.Operand(0)))}; }

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  if (args.result == args.operand(0).data) return;  // in place
  OperandInstances<T> x = args.operand(0);
  x.shape = args.shape;
  ForEachElement<T, 1>(args, {x}, kCheapGrain, [](T element) { return element; });
}

const OpDef kReshape = {
    .name = "Reshape",
    .operands = {{"x"}},
    .attributes = {"shape"},
    .shape_rule = ShapeRule,
    .inplace = {0},
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = NoFlops,
};
PLGRAPH_REGISTER_OP(kReshape);

}  // namespace
}  // namespace plgraph
