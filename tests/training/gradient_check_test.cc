#include "tools/training/gradient_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "core/diagnostics.h"
#include "core/memory_budget.h"
#include "core/random.h"
#include "graph/compile.h"
#include "graph/ir/check.h"
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "graph/run/executor.h"
#include "tools/training/ridders.h"

namespace plgraph {
namespace {

TEST(Ridders, FindsDerivativesToAlmostAllDigits) {
  const auto error = [](const std::function<double(double)>& f, double step, double expected) {
    return std::abs(DerivativeAtZero(f, f(0), step, 9).value - expected);
  };
  EXPECT_LT(error([](double x) { return std::exp(x); }, 0.5, 1), 1e-11);
  EXPECT_LT(error([](double x) { return std::tanh(3 * x + 1); }, 0.5, 3 / std::pow(std::cosh(1), 2)), 1e-9);
  EXPECT_LT(error([](double x) { return 1e4 + std::sin(x); }, 1e-3, 1), 1e-7);
  EXPECT_EQ(error([](double) { return 3.0; }, 0.5, 0), 0);
}

TEST(Ridders, KnowsWhereItIsUncertain) {
  // Infinitely steep at 0: every difference is another one.
  const DerivativeEstimate steep = DerivativeAtZero([](double x) { return std::cbrt(x); }, 0, 1, 9);
  EXPECT_GT(steep.error, 1e-3 * steep.value);
  // So flat that the differences are a few units in the last place, of which two may well be the same.
  const DerivativeEstimate flat = DerivativeAtZero([](double x) { return 1e4 + 1e-8 * x; }, 1e4, 1e-3, 9);
  EXPECT_GE(flat.error, std::abs(flat.value - 1e-8));
}

TEST(Ridders, TakesStepsThatMeetNoKink) {
  for (const double place : {0.3, 1e-3, 2e-5, -7e-6}) {
    const auto f = [&](double x) { return std::exp(x) + 3 * std::abs(x - place); };
    const DerivativeEstimate estimate = DerivativeAtZero(f, f(0), 0.5, 9);
    const double expected = place > 0 ? -2 : 4;
    const bool among_the_first_steps = std::abs(place) < 0.01;
    EXPECT_EQ(estimate.largest_jump > 0.5, among_the_first_steps) << place;
    EXPECT_LT(std::abs(estimate.value - expected), 1e-8) << place;
    EXPECT_LT(estimate.error, 1e-7) << place;
  }
}

TEST(Ridders, SeesAKinkAtThePoint) {
  for (const double place : {0.0, 1e-12}) {
    const auto f = [&](double x) { return std::exp(x) + 3 * std::max(0.0, x - place); };
    const DerivativeEstimate estimate = DerivativeAtZero(f, f(0), 0.5, 9);
    EXPECT_NEAR(estimate.jump, 3, 0.01);
    EXPECT_GT(estimate.error, 1.49);
  }
  EXPECT_LT(DerivativeAtZero([](double x) { return std::exp(x); }, 1, 0.5, 9).largest_jump, 1e-9);
}

// A loss of 40 parameters with a known gradient.
class KnownLoss {
 public:
  KnownLoss() : parameter(40), gradient(40) {
    const RandomStream random(1, 1);
    for (std::uint32_t i = 0; i < 40; ++i) parameter[i] = random.Normal(i);
    start = parameter;
    for (size_t i = 0; i < 40; ++i)
      gradient[i] = scale * (std::cos(parameter[i]) + 2 * parameter[i] * Weight(i));
  }
  double Loss() const {
    double loss = 3;
    for (size_t i = 0; i < 40; ++i) {
      loss += scale * (std::sin(parameter[i]) + parameter[i] * parameter[i] * Weight(i));
      for (const double kink : kinks) loss += std::max(0.0, parameter[i] - start[i] - kink);
    }
    return loss;
  }
  ParameterCheck Check() {
    return CheckGradient(
        {.name = "p", .parameter = parameter, .gradient = gradient, .loss = [this] { return Loss(); }});
  }

  double scale = 1;
  std::vector<double> parameter;
  std::vector<double> gradient;
  std::vector<double> kinks;  // so far from where the parameter was, over 0
  std::vector<double> start;

 private:
  static double Weight(size_t i) { return 0.1 * static_cast<double>(i); }
};

TEST(CheckGradient, PassesWhatIsRight) {
  KnownLoss known;
  const std::vector<double> before = known.parameter;
  const ParameterCheck check = known.Check();
  EXPECT_LT(check.relative_error, 1e-9);
  EXPECT_EQ(check.directions, 6);
  EXPECT_EQ(known.parameter, before);
}

TEST(CheckGradient, CatchesAGradientThatIsOffByATwentiethOfAPercent) {
  KnownLoss known;
  for (double& g : known.gradient) g *= 1.0005;
  const ParameterCheck check = known.Check();
  EXPECT_GT(check.relative_error, 1e-4);
}

TEST(CheckGradient, CatchesATwentiethOfAPercentBesideKinks) {
  for (const double nearest : {1e-3, 1e-5, 2e-7}) {
    KnownLoss known;
    known.kinks = {nearest, 3 * nearest, 100 * nearest};
    const ParameterCheck right = known.Check();
    EXPECT_TRUE(right.passed()) << nearest;
    EXPECT_GE(right.kinks, 5) << nearest;
    for (double& g : known.gradient) g *= 1.0005;
    EXPECT_FALSE(known.Check().passed()) << nearest;
  }
}

TEST(CheckGradient, SaysThatAKinkIsAtThePoint) {
  KnownLoss known;
  known.kinks = {0};
  EXPECT_TRUE(known.Check().at_kink);
  EXPECT_FALSE(known.Check().passed());
}

TEST(CheckGradient, CatchesOneWrongElement) {
  for (size_t i = 0; i < 40; i += 13) {
    KnownLoss known;
    known.gradient[i] += 0.01;
    EXPECT_GT(known.Check().relative_error, 1e-5) << i;
  }
}

TEST(CheckGradient, CatchesAGradientThatIsZeroOrNotANumber) {
  KnownLoss known;
  known.gradient.assign(40, 0.0);
  EXPECT_GT(known.Check().relative_error, 0.5);
  known.gradient[17] = std::nan("");
  EXPECT_FALSE(known.Check().relative_error <= 1e-7);
  EXPECT_EQ(known.Check().direction, "element 17");
}

TEST(CheckGradient, TakesRoundingForNoFaultWhereTheGradientIsZero) {
  std::vector<double> parameter(30, 0.5);
  const std::vector<double> gradient(30, 1e-17);
  const auto loss = [&] {  // depends on no parameter but by rounding
    double sum = 0;
    for (const double p : parameter) sum += p;
    return 1 + (sum - parameter[0]) - (sum - parameter[0]) + 1e-16 * std::sin(1e3 * sum);
  };
  const ParameterCheck check =
      CheckGradient({.name = "p", .parameter = parameter, .gradient = gradient, .loss = loss});
  EXPECT_LT(check.relative_error, 1e-7);
}

// An op whose adjoint is wrong by a factor, through the whole compiler.
template <typename T>
void TripleKernel(const KernelArgs<T>& args) {
  for (std::int64_t instance = 0; instance < args.instances; ++instance) {
    for (std::int64_t i = 0; i < args.size(); ++i)
      args.ResultInstance(instance)[i] = 3 * args.operand(0).Instance(instance)[i];
  }
}
Gradients RightAdjoint(GradBuilder& g) { return {g.Scale(g.OutputGradient(), 3)}; }
Gradients WrongAdjoint(GradBuilder& g) { return {g.Scale(g.OutputGradient(), 3 * 1.0005)}; }

const OpDef kRightTriple = {.name = "RightTriple",
                            .operands = {{"x"}},
                            .result = "*",
                            .shape_rule = [](const ShapeArgs& args) { return args.operand(0); },
                            .adjoint = RightAdjoint,
                            .kernel = PLGRAPH_KERNEL(TripleKernel),
                            .internal = true};
const OpDef kWrongTriple = {.name = "WrongTriple",
                            .operands = {{"x"}},
                            .result = "*",
                            .shape_rule = [](const ShapeArgs& args) { return args.operand(0); },
                            .adjoint = WrongAdjoint,
                            .kernel = PLGRAPH_KERNEL(TripleKernel),
                            .internal = true};
PLGRAPH_REGISTER_OP(kRightTriple);
PLGRAPH_REGISTER_OP(kWrongTriple);

// loss = sum(tanh(op(w)) x), one step.
Graph GraphWith(const std::string& op) {
  const Shape shape = {20};
  Graph graph;
  const Value x = graph.Add(
      {.name = "x", .kind = NodeKind::kInput, .shape = shape, .variance = {.sample = true, .step = true}});
  const Value w = graph.Add({.name = "w", .kind = NodeKind::kParameter, .shape = shape, .trainable = true});
  NodeBuilder builder(graph, Node{.name = "node", .origin = "node"});
  const Value loss = builder.SumAll(builder.Mul(builder.Apply("Tanh", {builder.Apply(op, {w})}), x));
  graph.terms.push_back({.name = "loss", .value = loss, .is_loss = true});
  Diagnostics diagnostics("graph");
  CheckGraph(graph, diagnostics);
  diagnostics.ThrowIfErrors();
  return graph;
}

double ErrorWith(const std::string& op) {
  const Executable executable = Compile(GraphWith(op), {.dtype = DType::kDouble});
  SystemMemory memory;
  ThreadPool threads(1);
  Executor<double> executor(executable, memory, threads);
  const std::span<double> x = executor.Input(executable.graph.Find("x"));
  const std::span<double> w = executor.Parameter(executable.graph.Find("w"));
  const RandomStream random(1, 2);
  for (size_t i = 0; i < 20; ++i) {
    x[i] = random.Normal(static_cast<std::uint32_t>(i));
    w[i] = 0.1 * random.Normal(static_cast<std::uint32_t>(20 + i));
  }
  executor.Forward({});
  executor.Backward({});
  const std::vector<double> gradient(executor.Gradient(0).begin(), executor.Gradient(0).end());
  const auto loss = [&] {
    executor.Forward({});
    return executor.TermValue(0, 0);
  };
  return CheckGradient({.name = "w", .parameter = w, .gradient = gradient, .loss = loss}).relative_error;
}

TEST(CheckGradient, CatchesAnAdjointThatIsOffByATwentiethOfAPercent) {
  EXPECT_LT(ErrorWith("RightTriple"), 1e-7);
  EXPECT_GT(ErrorWith("WrongTriple"), 1e-4);
}

}  // namespace
}  // namespace plgraph
