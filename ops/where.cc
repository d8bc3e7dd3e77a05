// Where: a where the condition is not 0, b elsewhere; an absent one is 0. What is not a number is not 0.
#include <fmt/format.h>

#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/elementwise.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

Shape ShapeRule(const ShapeArgs& args) {
  if (!args.Has(1) && !args.Has(2))
    throw ShapeError("neither operand \"a\" nor \"b\" is given; give at least one");
  std::vector<std::int64_t> dims;
  for (size_t i = 0; i < 3; ++i) {
    if (!args.Has(i)) continue;
    const std::vector<std::int64_t>& own = CheckedShape(args, i,
                                                        i == 0   ? "condition"
                                                        : i == 1 ? "a"
                                                                 : "b")
                                               .dims();
    if (own.size() > dims.size()) dims.insert(dims.begin(), own.size() - dims.size(), 1);
    for (size_t axis = 0; axis < own.size(); ++axis) {
      std::int64_t& dim = dims[axis + dims.size() - own.size()];
      if (dim == 1) dim = own[axis];
    }
  }
  const Shape result(std::move(dims));
  std::string shapes;
  bool fits = true;
  for (const Shape* shape : args.operands) {
    shapes += (shapes.empty() ? "" : ", ") + (shape == nullptr ? "-" : shape->ToString());
    fits = fits && (shape == nullptr || CanRepeat(*shape, result));
  }
  if (fits) return result;
  throw ShapeError(
      fmt::format("operands \"condition\", \"a\" and \"b\" have shapes {}; aligned at the last axis, extents "
                  "must be equal, 1 or "
                  "missing",
                  shapes));
}

Gradients Adjoint(GradBuilder& g) {
  const auto [condition, a, b] = g.Operands<3>();
  const Value d = g.OutputGradient();
  Gradients gradients(3);
  if (g.Wants(1)) gradients[1] = g.SumTo(g.Apply("Where", {condition, d, {}}), g.shape(a));
  if (g.Wants(2)) gradients[2] = g.SumTo(g.Apply("Where", {condition, {}, d}), g.shape(b));
  return gradients;
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const OperandInstances<T>& condition = args.operand(0);
  const OperandInstances<T>& a = args.operand(1);
  const OperandInstances<T>& b = args.operand(2);
  if (!a)
    return ForEachElement<T, 2>(args, {condition, b}, kCheapGrain,
                                [](T c, T other) { return c != T{0} ? T{0} : other; });
  if (!b)
    return ForEachElement<T, 2>(args, {condition, a}, kCheapGrain,
                                [](T c, T then) { return c != T{0} ? then : T{0}; });
  ForEachElement<T, 3>(args, {condition, a, b}, kCheapGrain,
                       [](T c, T then, T other) { return c != T{0} ? then : other; });
}

const OpDef kWhere = {
    .name = "Where",
    .operands = {{.name = "condition", .held = true}, {"a", "*", true}, {"b", "*", true}},
    .shape_rule = ShapeRule,
    .inplace = {1, 2},
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .rows = ElementRows,
};
PLGRAPH_REGISTER_OP(kWhere);

}  // namespace
}  // namespace plgraph
