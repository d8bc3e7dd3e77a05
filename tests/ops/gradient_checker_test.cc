// The checker of gradients itself: it must see a gradient that is wrong by 0.05%, and nothing in a right one.
#include <gtest/gtest.h>

#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/elementwise.h"
#include "tests/ops/gradient_case.h"

namespace plgraph {
namespace {

template <typename T>
void Cube(const KernelArgs<T>& args) {
  ForEachElement<T, 1>(args, {args.operand(0)}, kCheapGrain, [](T x) { return x * x * x; });
}

Gradients TimesThreeSquares(GradBuilder& g, double factor) {
  return {g.Scale(g.Mul(g.OutputGradient(), g.Square(g.Operand(0))), 3 * factor)};
}

OpDef CubeWithAdjoint(std::string_view name, Gradients (*adjoint)(GradBuilder& g)) {
  return {.name = name,
          .operands = {{"x"}},
          .shape_rule = [](const ShapeArgs& args) { return args.operand(0); },
          .adjoint = adjoint,
          .kernel = PLGRAPH_KERNEL(Cube),
          .internal = true};
}

const OpDef kCube = CubeWithAdjoint("TestCube", [](GradBuilder& g) { return TimesThreeSquares(g, 1); });
const OpDef kWrongCube =
    CubeWithAdjoint("TestWrongCube", [](GradBuilder& g) { return TimesThreeSquares(g, 1.0005); });
const OpDef kStuckCube = CubeWithAdjoint("TestStuckCube", NotDifferentiable);
PLGRAPH_REGISTER_OP(kCube);
PLGRAPH_REGISTER_OP(kWrongCube);
PLGRAPH_REGISTER_OP(kStuckCube);

std::string FaultsOf(const std::string& op) {
  const OpRow row = {.op = op, .examples = {{{Shape{3}}, {}, {3}}}, .naive = {}};
  return GradientFaults(row, row.examples[0], {false}) + GradientFaults(row, row.examples[0], {true});
}

TEST(GradientChecker, AcceptsARightGradient) { EXPECT_EQ(FaultsOf("TestCube"), ""); }

TEST(GradientChecker, SeesAGradientThatIsSlightlyWrong) {
  EXPECT_NE(FaultsOf("TestWrongCube").find("gradient of p0[0]"), std::string::npos);
}

TEST(GradientChecker, SeesAMissingGradient) { EXPECT_NE(FaultsOf("TestStuckCube"), ""); }

}  // namespace
}  // namespace plgraph
