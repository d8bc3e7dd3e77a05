// Pad: x with a constant around it. It is made axis by axis.
// PadAxis: x at `begin` of a longer axis, a constant at its other places. Its adjoint is Slice, and it is Slice's.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/checked_size.h"
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/axis.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

using Counts = IntegerList;

// How many places stand behind each of the last axes.
const Counts& Behind(std::span<const AttributeValue> attributes) {
  const Counts& behind = std::get<Counts>(attributes[1]);
  return behind.empty() ? std::get<Counts>(attributes[0]) : behind;
}

Shape ShapeRule(const ShapeArgs& args) {
  const Shape& x = CheckedShape(args, 0, "x");
  const Counts& before = std::get<Counts>(args.attributes[0]);
  const Counts& behind = Behind(args.attributes);
  const bool fits = !before.empty() && before.size() == behind.size() && std::ssize(before) <= x.rank();
  const auto negative = [](std::int64_t count) { return count < 0; };
  if (!fits || std::ranges::any_of(before, negative) || std::ranges::any_of(behind, negative)) {
    throw ShapeError(fmt::format(
        "operand \"x\" has shape {} but before is [{}] and behind [{}]; both need one number, at least 0, "
        "for each of the same last axes of x",
        x.ToString(), fmt::join(before, ", "), fmt::join(behind, ", ")));
  }
  Counts dims = x.dims();
  const size_t first = dims.size() - before.size();
  for (size_t i = 0; i < before.size(); ++i) {
    dims[first + i] = (CheckedSize(dims[first + i]) + before[i] + behind[i]).value();
  }
  return Shape(std::move(dims));
}

Value Compose(OpBuilder& b) {
  Value x = b.Operand(0);
  const Counts& before = std::get<Counts>(b.attributes()[0]);
  const Counts& behind = Behind(b.attributes());
  const int first = b.shape(x).rank() - static_cast<int>(before.size());
  for (size_t i = before.size(); i-- > 0;) {  // the last axis first: the least is copied twice
    const int axis = first + static_cast<int>(i);
    const std::int64_t size = b.shape(x).dim(axis) + before[i] + behind[i];
    if (size == b.shape(x).dim(axis)) continue;
    x = b.Apply("PadAxis", {x}, {std::int64_t{axis}, before[i], size, b.Real(2)});
  }
  return x;
}

Shape AxisShapeRule(const ShapeArgs& args) {
  const Shape& x = CheckedShape(args, 0, "x");
  const int axis = CheckedAxis(args, 0, x);
  const std::int64_t begin = std::get<std::int64_t>(args.attributes[1]);
  const std::int64_t size = std::get<std::int64_t>(args.attributes[2]);
  if (begin < 0 || size < x.dim(axis) || begin > size - x.dim(axis)) {
    throw ShapeError(
        fmt::format("operand \"x\" has shape {} but begin is {} and axis_size {}; x must lie within axis {}",
                    x.ToString(), begin, size, axis));
  }
  return WithAxis(x, axis, size);
}

Gradients AxisAdjoint(GradBuilder& g) {
  const Shape& x = g.shape(g.Operand(0));
  const int axis = ResolveAxis(g.Integer(0), x);
  return {g.Apply("Slice", {g.OutputGradient()}, {std::int64_t{axis}, g.Integer(1), x.dim(axis)})};
}

template <typename T>
void AxisKernel(const KernelArgs<T>& args) {
  const AxisView view = ViewAround(*args.shape, args.Integer(0));
  const std::int64_t piece = args.operand(0).size() / view.outer;
  const std::int64_t before = args.Integer(1) * view.inner;
  const std::int64_t behind = view.size * view.inner - before - piece;
  const T value = static_cast<T>(args.Real(3));
  const std::int64_t grain = std::max<std::int64_t>(1, kCheapGrain / (view.size * view.inner));
  args.threads->For(args.instances * view.outer, grain, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T* source = args.operand(0).Instance(i / view.outer) + i % view.outer * piece;
      T* result = args.ResultInstance(i / view.outer) + i % view.outer * view.size * view.inner;
      result = std::fill_n(result, before, value);
      result = std::copy_n(source, piece, result);
      std::fill_n(result, behind, value);
    }
  });
}

const OpDef kPad = {
    .name = "Pad",
    .operands = {{"x"}},
    .attributes = {"before", "behind", "value"},
    .shape_rule = ShapeRule,
    .compose = Compose,
};
PLGRAPH_REGISTER_OP(kPad);

const OpDef kPadAxis = {
    .name = "PadAxis",
    .operands = {{"x"}},
    .attributes = {"axis", "begin", "axis_size", "value"},
    .shape_rule = AxisShapeRule,
    .adjoint = AxisAdjoint,
    .kernel = PLGRAPH_KERNEL(AxisKernel),
    .flops = NoFlops,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kPadAxis);

}  // namespace
}  // namespace plgraph
