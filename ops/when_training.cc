// WhenTraining: in training the second operand, outside training the first. Other passes see one value; which of the
// two it is follows from what is compiled, and from what a compiled plan is run for.
#include <fmt/format.h>

#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/elementwise.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

Shape ShapeRule(const ShapeArgs& args) {
  CheckEqualShapes(args, "otherwise", "training");
  return args.operand(0);
}

Gradients Adjoint(GradBuilder& g) { return {Value{}, g.OutputGradient()}; }

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  if (args.result == args.operand(1).data) return;  // in place
  ForEachElement<T, 1>(args, {args.operand(1)}, kCheapGrain, [](T x) { return x; });
}

const OpDef kWhenTraining = {
    .name = "WhenTraining",
    .operands = {{"otherwise"}, {"training"}},
    .shape_rule = ShapeRule,
    .inplace = {1},
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = NoFlops,
    .rows = ElementRows,
    .training_only = true,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kWhenTraining);

}  // namespace
}  // namespace plgraph
