// OneHot: 1 at the place that x tells, 0 elsewhere. Where x is not a place, nothing is a number: a loss made of it is
// then reported as not finite, where zeros would pass for a loss of zero.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "graph/ir/op_registry.h"
#include "ops/axis.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

Shape ShapeRule(const ShapeArgs& args) {
  const Shape& x = CheckedShape(args, 0, "x");
  if (x.rank() != 0)
    throw ShapeError(fmt::format("operand \"x\" has shape {}; expected a scalar", x.ToString()));
  const std::int64_t size = std::get<std::int64_t>(args.attributes[0]);
  if (size < 1) throw ShapeError(fmt::format("size is {}; it must be at least 1", size));
  return {size};
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const std::int64_t size = args.size();
  ForEachLine(args, {1, size, 1}, kCheapGrain, [&](std::int64_t instance, std::int64_t) {
    const T x = *args.operand(0).Instance(instance);
    const bool is_place = x >= 0 && x < static_cast<T>(size) && x == std::floor(x);
    const T others = is_place ? T{0} : std::numeric_limits<T>::quiet_NaN();
    std::fill_n(args.ResultInstance(instance), size, others);
    if (is_place) args.ResultInstance(instance)[static_cast<std::int64_t>(x)] = 1;
  });
}

std::int64_t Size(const ShapeArgs& args) { return std::get<std::int64_t>(args.attributes[0]); }

const OpDef kOneHot = {
    .name = "OneHot",
    .operands = {{.name = "x", .shape = "", .index_below = Size}},
    .attributes = {"size"},
    .shape_rule = ShapeRule,
    .adjoint = NotDifferentiable,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = [](const ShapeArgs&, const Shape&) { return std::int64_t{0}; },
};
PLGRAPH_REGISTER_OP(kOneHot);

}  // namespace
}  // namespace plgraph
