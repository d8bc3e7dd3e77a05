// Concat: the inputs one behind the other along one axis.
#include <fmt/format.h>

#include <algorithm>

#include "core/checked_size.h"
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/axis.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

Shape ShapeRule(const ShapeArgs& args) {
  const Shape& first = CheckedShape(args, 0, "inputs[0]");
  const int axis = CheckedAxis(args, 0, first, "inputs[0]");
  const Shape others = KeepAxis(first, axis);
  CheckedSize size = 0;
  for (size_t i = 0; i < args.operands.size(); ++i) {
    const Shape& shape = args.operand(i);
    if (shape.rank() != first.rank() || KeepAxis(shape, axis) != others) {
      throw ShapeError(fmt::format(
          "operand \"inputs[{}]\" has shape {} but \"inputs[0]\" has {}; all axes but axis {} must "
          "be equal",
          i, shape.ToString(), first.ToString(), axis));
    }
    size += shape.dim(axis);
  }
  std::vector<std::int64_t> dims = first.dims();
  dims[static_cast<size_t>(axis)] = size.value();
  return Shape(std::move(dims));
}

Gradients Adjoint(GradBuilder& g) {
  const std::int64_t axis = g.Integer(0);
  std::int64_t begin = 0;
  Gradients gradients(g.NumOperands());
  for (size_t i = 0; i < g.NumOperands(); ++i) {
    const Shape& shape = g.shape(g.Operand(i));
    const std::int64_t size = shape.dim(ResolveAxis(axis, shape));
    if (g.Wants(i)) gradients[i] = g.Apply("Slice", {g.OutputGradient()}, {axis, begin, size});
    begin += size;
  }
  return gradients;
}

// Each outer place of the result is one contiguous piece of every input, in their order.
template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const AxisView view = ViewAround(*args.shape, args.Integer(0));
  const std::int64_t piece = view.size * view.inner;
  const std::int64_t grain = std::max<std::int64_t>(1, kCheapGrain / piece);
  args.threads->For(args.instances * view.outer, grain, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t instance = i / view.outer;
      const std::int64_t outer = i % view.outer;
      T* result = args.ResultInstance(instance) + outer * piece;
      for (const OperandInstances<T>& input : args.operands) {
        const std::int64_t size = input.size() / view.outer;
        result = std::copy_n(input.Instance(instance) + outer * size, size, result);
      }
    }
  });
}

const OpDef kConcat = {
    .name = "Concat",
    .operands = {{.name = "inputs", .repeated = true}},
    .attributes = {"axis"},
    .shape_rule = ShapeRule,
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = NoFlops,
};
PLGRAPH_REGISTER_OP(kConcat);

}  // namespace
}  // namespace plgraph
