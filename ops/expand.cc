// Expand: x repeated to a larger shape by the rules of broadcasting. The adjoint of SumTo.
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
  if (CanRepeat(x, shape)) return shape;
  throw ShapeError(
      fmt::format("operand \"x\" has shape {} but shape is {}; aligned at the last axis, an extent of x must "
                  "be equal or 1",
                  x.ToString(), shape.ToString()));
}

Gradients Adjoint(GradBuilder& g) { return {g.SumTo(g.OutputGradient(), g.shape(g.Operand(0)))}; }

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  ForEachElement<T, 1>(args, {args.operand(0)}, kCheapGrain, [](T x) { return x; });
}

const OpDef kExpand = {
    .name = "Expand",
    .operands = {{"x"}},
    .attributes = {"shape"},
    .shape_rule = ShapeRule,
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = NoFlops,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kExpand);

}  // namespace
}  // namespace plgraph
