// Numbers at the edges: large, tied, not a number, outside of what a class can be.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "core/memory_budget.h"
#include "core/threads.h"
#include "graph/compile.h"
#include "graph/ir/check.h"
#include "graph/run/executor.h"
#include "ops/kernels/vector_math.h"
#include "tests/support/graph_maker.h"

namespace plgraph {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

using Floats = std::vector<float>;

// One op in float, on a parameter x and, if given, an input t; the loss is the sum of the result.
struct Outcome {
  Floats result;
  Floats gradient;  // of x
};

Outcome RunOp(std::string_view op, const std::vector<AttributeValue>& attributes, const Floats& x,
              const Floats& t = {}, const Shape& shape_of_t = {}) {
  GraphMaker maker;
  std::vector<Value> operands = {maker.Parameter("x", {static_cast<std::int64_t>(x.size())})};
  if (!t.empty()) operands.push_back(maker.Input("t", shape_of_t));
  maker.Loss(maker.Op("loss", "Sum", {maker.Op("y", op, operands, attributes)}, {std::monostate{}}));
  Diagnostics diagnostics("numerics");
  CheckGraph(maker.graph, diagnostics);
  const Executable executable = Compile(maker.graph, {.outputs = {"y"}});
  SystemMemory memory;
  ThreadPool threads(1);
  Executor<float> executor(executable, memory, threads);
  const Graph& graph = executable.graph;
  std::copy(x.begin(), x.end(), executor.Parameter(graph.Find("x")).begin());
  if (!t.empty()) std::copy(t.begin(), t.end(), executor.Input(graph.Find("t")).begin());
  executor.Forward({});
  executor.Backward({});
  const auto y = executor.Output(graph.Find("y"));
  const auto gradient = executor.Gradient(0);
  return {{y.begin(), y.end()}, {gradient.begin(), gradient.end()}};
}

Floats Values(std::string_view op, const std::vector<AttributeValue>& attributes, const Floats& x) {
  return RunOp(op, attributes, x).result;
}

AttributeValue Int(std::int64_t value) { return value; }
AttributeValue Unset() { return std::monostate{}; }

TEST(Numerics, SoftplusNeitherOverflowsNorLosesSmallNumbers) {
  const Outcome y = RunOp("Softplus", {}, {-200, -20, 0, 20, 2000});
  EXPECT_FLOAT_EQ(y.result[0], 0);
  EXPECT_FLOAT_EQ(y.result[1], 2.0611537e-09F);
  EXPECT_FLOAT_EQ(y.result[2], std::log(2.0F));
  EXPECT_FLOAT_EQ(y.result[4], 2000);
  EXPECT_FLOAT_EQ(y.gradient[1], 2.0611537e-09F);
  EXPECT_FLOAT_EQ(y.gradient[4], 1);
}

TEST(Numerics, SaturatedFunctionsHaveFiniteGradients) {
  for (const std::string_view op : {"Tanh", "Sigmoid", "Softplus", "Gelu", "Selu"}) {
    const Outcome y = RunOp(op, {}, {-1e30F, -1000, 1000, 1e18F});
    for (const float d : y.gradient) EXPECT_TRUE(std::isfinite(d)) << op;
    for (const float v : y.result) EXPECT_TRUE(std::isfinite(v)) << op;
  }
}

TEST(Numerics, SoftmaxesOfLargeNumbersAreFinite) {
  const Outcome soft = RunOp("Softmax", {Int(0)}, {1000, 0, -1000, 1000});
  EXPECT_EQ(soft.result, (Floats{0.5, 0, 0, 0.5}));
  const Outcome log = RunOp("LogSoftmax", {Int(0)}, {1000, 0, -1000, 1000});
  EXPECT_FLOAT_EQ(log.result[0], -std::log(2.0F));
  EXPECT_FLOAT_EQ(log.result[2], -2000 - std::log(2.0F));
  for (const float d : log.gradient) EXPECT_TRUE(std::isfinite(d));
}

TEST(Numerics, BinaryCrossEntropyOfLargeLogitsIsFinite) {
  const Outcome y =
      RunOp("BinaryCrossEntropy", {Int(0), Int(0)}, {1000, -1000, 1000, -1000}, {1, 0, 0, 1}, {4});
  EXPECT_FLOAT_EQ(y.result[0], 2000);
  EXPECT_EQ(y.gradient, (Floats{0, 0, 1, -1}));
}

// log(1 + exp(-x)), in float to its last places: 1 - sigmoid(x) would have lost them.
TEST(Numerics, BinaryCrossEntropyOfConfidentLogitsKeepsSmallNumbers) {
  const Floats xs = {10, 13, 15, 20, 80};
  for (const float x : xs) {
    const double small = std::exp(-static_cast<double>(x));
    const Outcome one = RunOp("BinaryCrossEntropy", {Int(0), Int(0)}, {x}, {1}, {1});
    const Outcome zero = RunOp("BinaryCrossEntropy", {Int(0), Int(0)}, {-x}, {0}, {1});
    EXPECT_FLOAT_EQ(one.result[0], static_cast<float>(std::log1p(small))) << x;
    EXPECT_FLOAT_EQ(zero.result[0], one.result[0]) << x;
    EXPECT_FLOAT_EQ(one.gradient[0], static_cast<float>(-small / (1 + small))) << x;
    EXPECT_FLOAT_EQ(zero.gradient[0], -one.gradient[0]) << x;
  }
}

TEST(Numerics, BinaryCrossEntropyOfInfiniteLogitsCountsWhatIsCertainAsNothing) {
  const Outcome y = RunOp("BinaryCrossEntropy", {Int(0), Int(0)}, {kInfinity, -kInfinity}, {1, 0}, {2});
  EXPECT_EQ(y.result[0], 0);
  EXPECT_EQ(y.gradient, (Floats{0, 0}));
  EXPECT_EQ(RunOp("BinaryCrossEntropy", {Int(0), Int(0)}, {kInfinity}, {0.5}, {1}).result[0], kInfinity);
}

TEST(Numerics, CrossEntropyOfMaskedAndDistantLogits) {
  constexpr float kMasked = -kInfinity;
  const float p = 1 / (1 + std::exp(2.0F));
  const Outcome first = RunOp("CrossEntropy", {}, {2, kMasked, 0}, {0});
  EXPECT_FLOAT_EQ(first.result[0], 0.126928F);
  EXPECT_NEAR(first.gradient[0], -p, 1e-7);
  EXPECT_EQ(first.gradient[1], 0);
  EXPECT_NEAR(first.gradient[2], p, 1e-7);
  const Outcome distant = RunOp("CrossEntropy", {}, {-3e38F, 3e38F, 0}, {1});
  EXPECT_EQ(distant.result[0], 0);
  EXPECT_EQ(distant.gradient, (Floats{0, 0, 0}));
  const Outcome parts = RunOp("CrossEntropy", {}, {2, kMasked, 0}, {0.25, 0, 0.75}, {3});
  EXPECT_FLOAT_EQ(parts.result[0], 0.126928F + 1.5F);
  EXPECT_NEAR(parts.gradient[0], 0.75F - p, 1e-7);
  EXPECT_EQ(parts.gradient[1], 0);
  EXPECT_EQ(RunOp("CrossEntropy", {}, {2, kMasked, 0}, {1}).result[0], kInfinity);  // not masked in truth
}

TEST(Numerics, TheWeightOfAMaskedClassHasNoGradient) {
  const Outcome y = RunOp("WeightedLog", {}, {0, 0.5, 0}, {-kInfinity, -1, -2}, {3});
  EXPECT_EQ(y.result, (Floats{0, -0.5, 0}));
  EXPECT_EQ(y.gradient, (Floats{0, -1, -2}));
}

TEST(Numerics, ActivationsOfInfinityAreTheirLimits) {
  const Floats ends = {-kInfinity, kInfinity};
  for (const std::string_view op : {"Gelu", "Silu", "Softplus", "Relu"}) {
    const Outcome y = RunOp(op, {}, ends);
    EXPECT_EQ(y.result, (Floats{0, kInfinity})) << op;
    EXPECT_EQ(y.gradient, (Floats{0, 1})) << op;
  }
  EXPECT_EQ(RunOp("Sigmoid", {}, ends).result, (Floats{0, 1}));
  EXPECT_EQ(RunOp("Sigmoid", {}, ends).gradient, (Floats{0, 0}));
  EXPECT_EQ(RunOp("Tanh", {}, ends).result, (Floats{-1, 1}));
  EXPECT_EQ(RunOp("Elu", {1.0}, ends).result, (Floats{-1, kInfinity}));
  EXPECT_EQ(RunOp("Elu", {1.0}, ends).gradient, (Floats{0, 1}));
  EXPECT_FLOAT_EQ(RunOp("Selu", {}, ends).result[0], -1.7580993F);
  EXPECT_EQ(RunOp("Selu", {}, ends).gradient[0], 0);
}

TEST(Numerics, BinaryCrossEntropyLimitsTheLogarithmsOfProbabilities) {
  const Outcome y = RunOp("BinaryCrossEntropy", {Int(1), Int(0)}, {0, 1, 0, 1, 1e-40F}, {0, 1, 1, 0, 1}, {5});
  EXPECT_FLOAT_EQ(y.result[0], 200 - std::log(1e-40F));
  for (const float d : y.gradient) EXPECT_TRUE(std::isfinite(d)) << d;
  EXPECT_EQ(y.gradient[2], 0);
}

TEST(Numerics, AClassThatDoesNotExistIsNotANumber) {
  for (const float target : {-1.0F, 3.0F, 0.5F, 1e20F, kNaN}) {
    EXPECT_TRUE(std::isnan(RunOp("CrossEntropy", {}, {1, 2, 3}, {target}).result[0])) << target;
  }
  EXPECT_FALSE(std::isnan(RunOp("CrossEntropy", {}, {1, 2, 3}, {2}).result[0]));
}

TEST(Numerics, WhatIsNotANumberIsNotHidden) {
  for (const std::string_view op : {"Relu", "Sign", "Abs", "Selu", "Tanh", "Exp"}) {
    EXPECT_TRUE(std::isnan(Values(op, {}, {kNaN})[0])) << op;
  }
  EXPECT_TRUE(std::isnan(Values("Clamp", {-1.0, 1.0}, {kNaN})[0]));
  EXPECT_TRUE(std::isnan(Values("LeakyRelu", {0.1}, {kNaN})[0]));
  for (const Floats& x : {Floats{1, kNaN, 2}, Floats{kNaN, 1, 2}, Floats{1, 2, kNaN}}) {
    EXPECT_TRUE(std::isnan(Values("Max", {Unset()}, x)[0]));
    EXPECT_TRUE(std::isnan(Values("Softmax", {Int(0)}, x)[0]));
  }
}

TEST(Numerics, TheGradientOfMaxGoesToTheFirstLargest) {
  EXPECT_EQ(RunOp("Max", {Unset()}, {1, 3, 3, 2}).gradient, (Floats{0, 1, 0, 0}));
  EXPECT_EQ(RunOp("Max", {Int(0)}, {3, 3, 3}).gradient, (Floats{1, 0, 0}));
}

TEST(Numerics, GradientsAtKinksAreAsTheLanguageSays) {
  EXPECT_EQ(RunOp("Abs", {}, {-1, 0, 1}).gradient, (Floats{-1, 0, 1}));
  EXPECT_EQ(RunOp("Clamp", {-1.0, 1.0}, {-1.5, -1, 0, 1, 1.5}).gradient, (Floats{0, 1, 1, 1, 0}));
  EXPECT_EQ(Values("Sign", {}, {-2, 0, 0.5}), (Floats{-1, 0, 1}));
  EXPECT_EQ(RunOp("Sqrt", {}, {0}).gradient[0], kInfinity);
}

TEST(Numerics, SignErrorCountsZeroAsASignOfItsOwn) {
  EXPECT_FLOAT_EQ(RunOp("SignError", {}, {0, 0, -1, 2, kNaN}, {0, 1, -2, -2, 1}, {5}).result[0], 3.0F / 5);
}

// The distance from the true value in units of the last place.
double Ulps(float actual, double expected) {
  const float rounded = std::abs(static_cast<float>(expected));
  return std::abs(actual - expected) / (std::nextafter(rounded, kInfinity) - rounded);
}

bool IsRightExp(float x, float actual) {
  if (x < -104) return actual == 0;
  if (x > 89) return actual == kInfinity;
  const bool is_normal = x > -87 && x < 88.7F;
  return !is_normal || Ulps(actual, std::exp(static_cast<double>(x))) <= 2;
}

TEST(Numerics, TheFastFunctionsAreWithinTwoUnitsOfTheLastPlace) {
  constexpr std::uint32_t kStride = 9973;  // every so many of all floats
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += kStride) {
    const float x = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    if (std::isnan(x)) {
      ASSERT_TRUE(std::isnan(FastExp(x)) && std::isnan(FastTanh(x)));
      continue;
    }
    ASSERT_LE(Ulps(FastTanh(x), std::tanh(static_cast<double>(x))), 2) << x;
    ASSERT_TRUE(IsRightExp(x, FastExp(x))) << x;
  }
}

// In float, 0.1 added a million times one by one is off by 1%.
TEST(Numerics, SumsOfManyEqualNumbersAreExact) {
  const Floats many(1'000'000, 0.1F);
  EXPECT_EQ(Values("Sum", {Unset()}, many)[0], static_cast<float>(1e6 * static_cast<double>(0.1F)));
  EXPECT_EQ(Values("Mean", {Unset()}, many)[0], 0.1F);
  EXPECT_NEAR(RunOp("Dot", {}, many, many, {1'000'000}).result[0], 1e4, 1e-2);
  EXPECT_FLOAT_EQ(Values("LogSoftmax", {Int(0)}, many)[0], static_cast<float>(-std::log(1e6)));
  EXPECT_FLOAT_EQ(Values("Softmax", {Int(0)}, many)[0], 1e-6F);
}

TEST(Numerics, EqualNumbersAreNormalisedToZero) {
  for (const float x : {100.1F, -0.3F, 1e10F}) {
    for (const size_t size : {size_t{3}, size_t{1000}, size_t{65'536}}) {
      const Floats zeros(size, 0.0F);
      EXPECT_EQ(Values("LayerNorm", {1e-5}, Floats(size, x)), zeros) << x << ", " << size;
      EXPECT_EQ(Values("GroupNorm", {Int(1), 1e-5}, Floats(size, x)), zeros) << x << ", " << size;
    }
  }
}

}  // namespace
}  // namespace plgraph
