// Slice: `size` places of one axis, from `begin` on. Its adjoint puts zeros around d: PadAxis.
#include <fmt/format.h>

#include <algorithm>

#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/axis.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

Shape ShapeRule(const ShapeArgs& args) {
  const Shape& x = CheckedShape(args, 0, "x");
  const int axis = CheckedAxis(args, 0, x);
  const std::int64_t begin = std::get<std::int64_t>(args.attributes[1]);
  const std::int64_t size = std::get<std::int64_t>(args.attributes[2]);
  if (begin < 0 || size < 1 || begin > x.dim(axis) || size > x.dim(axis) - begin) {
    throw ShapeError(
        fmt::format("operand \"x\" has shape {} but begin is {} and size {}; at least one place, all of them "
                    "from 0 to {}, can be taken of axis {}",
                    x.ToString(), begin, size, x.dim(axis) - 1, axis));
  }
  return WithAxis(x, axis, size);
}

Gradients Adjoint(GradBuilder& g) {
  const Shape& x = g.shape(g.Operand(0));
  const int axis = ResolveAxis(g.Integer(0), x);
  return {g.Apply("PadAxis", {g.OutputGradient()}, {std::int64_t{axis}, g.Integer(1), x.dim(axis), 0.0})};
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const AxisView x = ViewAround(*args.operand(0).shape, args.Integer(0));
  const std::int64_t piece = args.Integer(2) * x.inner;
  const std::int64_t skipped = args.Integer(1) * x.inner;
  const std::int64_t grain = std::max<std::int64_t>(1, kCheapGrain / piece);
  args.threads->For(args.instances * x.outer, grain, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T* source = args.operand(0).Instance(i / x.outer) + i % x.outer * x.size * x.inner;
      std::copy_n(source + skipped, piece, args.ResultInstance(i / x.outer) + i % x.outer * piece);
    }
  });
}

const OpDef kSlice = {
    .name = "Slice",
    .operands = {{"x"}},
    .attributes = {"axis", "begin", "size"},
    .shape_rule = ShapeRule,
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = NoFlops,
};
PLGRAPH_REGISTER_OP(kSlice);

}  // namespace
}  // namespace plgraph
