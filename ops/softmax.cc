// Softmax: y = exp(x - m) / sum exp(x - m) along one axis, m its largest element, so that no exponential is over 1.
// dL/dx = y o d - y sum(y o d).
#include <cmath>

#include "core/first_largest.h"
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/axis.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

Shape ShapeRule(const ShapeArgs& args) {
  const Shape& x = CheckedShape(args, 0, "x");
  CheckedAxis(args, 0, x);
  return x;
}

Gradients Adjoint(GradBuilder& g) {
  const Value y = g.Result();
  const Shape& shape = g.shape(y);
  const Value weighted = g.Mul(y, g.OutputGradient());
  const Value sum = g.SumTo(weighted, KeepAxis(shape, ResolveAxis(g.Integer(0), shape)));
  return {g.Sub(weighted, g.Mul(y, sum))};
}

template <typename T>
void Line(const T* x, T* y, std::int64_t n, std::int64_t stride) {
  const T largest = x[FirstLargest(x, n, stride) * stride];
  double sum = 0;
  for (std::int64_t k = 0; k < n; ++k) {
    y[k * stride] = std::exp(x[k * stride] - largest);
    sum += static_cast<double>(y[k * stride]);
  }
  const T factor = static_cast<T>(1 / sum);
  for (std::int64_t k = 0; k < n; ++k) y[k * stride] *= factor;
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const AxisView view = ViewAround(*args.shape, args.Integer(0));
  ForEachLine(args, view, kCostlyGrain, [&](std::int64_t instance, std::int64_t line) {
    const std::int64_t start = view.LineStart(line);
    Line(args.operand(0).Instance(instance) + start, args.ResultInstance(instance) + start, view.size,
         view.inner);
  });
}

std::int64_t Flops(const ShapeArgs&, const Shape& result) { return 4 * result.NumElements(); }

const OpDef kSoftmax = {
    .name = "Softmax",
    .operands = {{"x"}},
    .attributes = {"axis"},
    .shape_rule = ShapeRule,
    .inplace = {0},
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = Flops,
};
PLGRAPH_REGISTER_OP(kSoftmax);

}  // namespace
}  // namespace plgraph
