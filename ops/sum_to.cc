// SumTo: x summed to a smaller shape, over the axes along which a value of that shape would be repeated by the rules
// of broadcasting. The adjoint of Expand.
// MeanTo: the same of the mean. The sum is divided before it is rounded: the mean of equal numbers is that number.
#include <fmt/format.h>

#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/reduction.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

Shape ShapeRule(const ShapeArgs& args) {
  const Shape& x = CheckedShape(args, 0, "x");
  Shape shape = ShapeFromAttribute(args);
  if (CanRepeat(shape, x)) return shape;
  throw ShapeError(
      fmt::format("operand \"x\" has shape {} but shape is {}; repeated by the rules of broadcasting, it "
                  "must give the shape of x",
                  x.ToString(), shape.ToString()));
}

Gradients Adjoint(GradBuilder& g) { return {g.Expand(g.OutputGradient(), g.shape(g.Operand(0)))}; }

double TermsOf(const Shape& x, const Shape& result) {
  const std::int64_t terms = x.NumElements() / result.NumElements();
  return static_cast<double>(terms);
}

Gradients MeanAdjoint(GradBuilder& g) {
  const Value d = g.OutputGradient();
  const Shape& x = g.shape(g.Operand(0));
  return {g.Expand(g.Scale(d, 1 / TermsOf(x, g.shape(d))), x)};
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  SumOverAxes<T>(args, BroadcastStrides(*args.shape, *args.operand(0).shape)).Run();
}

template <typename T>
void MeanKernel(const KernelArgs<T>& args) {
  const Shape& x = *args.operand(0).shape;
  SumOverAxes<T>(args, BroadcastStrides(*args.shape, x), TermsOf(x, *args.shape)).Run();
}

RowUse UseOfRows(const ShapeArgs& args, const Shape& result) {
  if (!IsMatrix(args, 0) || result.rank() > 1) return {};
  return {RowUse::kSum, {true}};
}

const OpDef kSumTo = {
    .name = "SumTo",
    .operands = {{"x"}},
    .attributes = {"shape"},
    .shape_rule = ShapeRule,
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = OneFlopAnOperandElement,
    .rows = UseOfRows,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kSumTo);

const OpDef kMeanTo = {
    .name = "MeanTo",
    .operands = {{"x"}},
    .attributes = {"shape"},
    .shape_rule = ShapeRule,
    .adjoint = MeanAdjoint,
    .kernel = PLGRAPH_KERNEL(MeanKernel),
    .flops = OneFlopAnOperandElement,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kMeanTo);

}  // namespace
}  // namespace plgraph
