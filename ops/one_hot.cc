// OneHot: 1 at the place that x tells, 0 elsewhere. Where x is not a place, nothing is a number: a loss made of it is
// then reported as not finite, where zeros would pass for a loss of zero.
#include <algorithm>
#include <cmath>
#include <limits>

#include "graph/op_registry.h"
#include "ops/axis.h"

namespace plgraph {
namespace {

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const std::int64_t size = args.size();
  ForEachLine(args, {1, size, 1}, kCheapGrain, [&](std::int64_t row, std::int64_t) {
    const T x = *args.operand(0).Row(row);
    const bool is_place = x >= 0 && x < static_cast<T>(size) && x == std::floor(x);
    const T others = is_place ? T{0} : std::numeric_limits<T>::quiet_NaN();
    std::fill_n(args.ResultRow(row), size, others);
    if (is_place) args.ResultRow(row)[static_cast<std::int64_t>(x)] = 1;
  });
}

const OpDef kOneHot = {
    .name = "OneHot",
    .operands = {{"x", ""}},
    .attributes = {"size"},
    .shape_rule = [](const ShapeArgs& args) { return Shape{std::get<std::int64_t>(args.attributes[0])}; },
    .adjoint = NotDifferentiable,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = [](const ShapeArgs&, const Shape&) { return std::int64_t{0}; },
    .internal = true,
};
PLGRAPH_REGISTER_OP(kOneHot);

}  // namespace
}  // namespace plgraph
