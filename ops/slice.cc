// Slice: `size` places of one axis, from `begin` on. SliceGradient: its adjoint, zeros around d.
#include <fmt/format.h>

#include <algorithm>

#include "graph/node_builder.h"
#include "graph/op_registry.h"
#include "ops/axis.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

Shape WithAxis(const Shape& shape, int axis, std::int64_t size) {
  std::vector<std::int64_t> dims = shape.dims();
  dims[static_cast<size_t>(axis)] = size;
  return Shape(std::move(dims));
}

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
  return {g.Apply("SliceGradient", {g.OutputGradient()}, {std::int64_t{axis}, g.Integer(1), x.dim(axis)})};
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const AxisView x = ViewAround(*args.operand(0).shape, args.Integer(0));
  const std::int64_t piece = args.Integer(2) * x.inner;
  const std::int64_t skipped = args.Integer(1) * x.inner;
  const std::int64_t grain = std::max<std::int64_t>(1, kCheapGrain / piece);
  args.threads->For(args.rows * x.outer, grain, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T* source = args.operand(0).Row(i / x.outer) + i % x.outer * x.size * x.inner;
      std::copy_n(source + skipped, piece, args.ResultRow(i / x.outer) + i % x.outer * piece);
    }
  });
}

Shape GradientShapeRule(const ShapeArgs& args) {
  return WithAxis(args.operand(0), CheckedAxis(args, 0, args.operand(0), "d"),
                  std::get<std::int64_t>(args.attributes[2]));
}

template <typename T>
void GradientKernel(const KernelArgs<T>& args) {
  const AxisView x = ViewAround(*args.shape, args.Integer(0));
  const std::int64_t piece = args.operand(0).size() / x.outer;
  const std::int64_t before = args.Integer(1) * x.inner;
  const std::int64_t behind = x.size * x.inner - before - piece;
  const std::int64_t grain = std::max<std::int64_t>(1, kCheapGrain / (x.size * x.inner));
  args.threads->For(args.rows * x.outer, grain, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T* source = args.operand(0).Row(i / x.outer) + i % x.outer * piece;
      T* result = args.ResultRow(i / x.outer) + i % x.outer * x.size * x.inner;
      result = std::fill_n(result, before, T{0});
      result = std::copy_n(source, piece, result);
      std::fill_n(result, behind, T{0});
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

const OpDef kSliceGradient = {
    .name = "SliceGradient",
    .operands = {{"d"}},
    .attributes = {"axis", "begin", "axis_size"},
    .shape_rule = GradientShapeRule,
    .adjoint = NotDifferentiable,
    .kernel = PLGRAPH_KERNEL(GradientKernel),
    .flops = NoFlops,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kSliceGradient);

}  // namespace
}  // namespace plgraph
