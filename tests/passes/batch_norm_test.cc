// What batch normalisation asks of the compiler beside numbers, which tests/models/torch_ops_test.cc compares: where
// the statistics are taken, what becomes of them, and that neither threads nor sample groups change a bit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/memory_budget.h"
#include "core/random.h"
#include "graph/compile.h"
#include "graph/ir/check.h"
#include "graph/ir/text.h"
#include "graph/run/executor.h"
#include "tests/support/graph_maker.h"

namespace plgraph {
namespace {

Value AddBatchNorm(GraphMaker& maker, const std::string& name, Value x, const Shape& channels) {
  const Value mean = maker.Parameter(name + "_mean", channels);
  const Value variance = maker.Parameter(name + "_variance", channels);
  for (const Value moment : {mean, variance}) maker.graph.node(moment).trainable = false;
  const Value bias = maker.Parameter(name + "_bias", channels);
  return maker.Op(name, "BatchNorm", {x, {}, bias, mean, variance}, {1e-3, 0.1});
}

Graph Checked(GraphMaker& maker) {
  Diagnostics diagnostics("batch norm");
  CheckGraph(maker.graph, diagnostics);
  EXPECT_EQ(diagnostics.ToString(), "");
  return std::move(maker.graph);
}

// A plastic network whose trace is limited (and so recomputed in the backward pass), normalised ahead of the loop, in
// it and behind it.
Graph PlasticNet(std::int64_t n) {
  GraphMaker maker;
  const Value x = AddBatchNorm(maker, "ahead", maker.Input("x", {n}), {n});
  const Value y = maker.AddState("y", {n});
  const Value hebb = maker.AddState("hebb", {n, n});
  const Value read = maker.Op("read", "PlasticMatMul",
                              {y, maker.Parameter("w", {n, n}), maker.Parameter("alpha", {n, n}), hebb});
  const Value drive = AddBatchNorm(maker, "inside", maker.Op("drive", "Add", {read, x}), {n});
  const Value y_next = maker.Op("y_next", "Tanh", {drive});
  const Value m = maker.Op("m", "Tanh", {maker.Op("mv", "Dot", {y_next, maker.Parameter("v", {n})})});
  const Value outer = maker.Op("outer", "Outer", {y, y_next});
  const Value sum = maker.Op("sum", "Add", {hebb, maker.Op("scaled", "Mul", {outer, m})});
  maker.Next(y, y_next);
  maker.Next(hebb, maker.Op("hebb_next", "Clamp", {sum}, {-0.5, 0.5}));
  const Value out = AddBatchNorm(maker, "behind", y_next, {n});
  maker.Loss(maker.Op("loss", "SquaredError", {out, maker.Input("target", {n})}, {std::int64_t{0}}),
             TermAt::kEveryStep);
  return Checked(maker);
}

template <typename T>
class TrainedOnce {
 public:
  TrainedOnce(const Graph& graph, std::int64_t batch, std::int64_t steps, int threads) : threads_(threads) {
    CompileOptions options;
    options.dtype = kDTypeOf<T>;
    options.batch = batch;
    options.steps = steps;
    executable_ = Compile(graph, options);
    executor_ = std::make_unique<Executor<T>>(executable_, memory_, threads_);
    for (int id = 0; id < executable_.graph.size(); ++id) Fill(Value{id});
  }

  double Loss() {
    executor_->Forward({});
    double loss = 0;
    for (std::int64_t s = 0; s < executable_.options.batch; ++s) {
      loss += executor_->TermValue(0, s) / static_cast<double>(executable_.options.batch);
    }
    return loss;
  }
  std::vector<std::vector<T>> GradientsAndMoments() {
    executor_->Forward({});
    executor_->Backward({});
    std::vector<std::vector<T>> all;
    for (size_t i = 0; i < executable_.graph.gradients.size(); ++i) {
      const auto gradient = executor_->Gradient(i);
      all.emplace_back(gradient.begin(), gradient.end());
    }
    for (const ParameterUpdate& update : executable_.graph.updates) {
      const auto moment = executor_->Parameter(update.parameter);
      all.emplace_back(moment.begin(), moment.end());
    }
    return all;
  }
  std::span<T> Parameter(const std::string& name) { return executor_->Parameter(graph().Find(name)); }
  std::span<T> Input(const std::string& name) { return executor_->Input(graph().Find(name)); }
  const Graph& graph() const { return executable_.graph; }

 private:
  void Fill(Value value) {
    const Node& node = executable_.graph.node(value);
    if (node.kind != NodeKind::kInput && node.kind != NodeKind::kParameter) return;
    const bool matrix = node.shape.rank() == 2;
    const std::span<T> numbers =
        node.kind == NodeKind::kInput ? executor_->Input(value) : executor_->Parameter(value);
    const RandomStream random(3, StreamId(node.name));
    for (size_t i = 0; i < numbers.size(); ++i) {
      numbers[i] = static_cast<T>(random.Normal(static_cast<std::uint32_t>(i)) * (matrix ? 0.1 : 1));
    }
  }

  Executable executable_;
  SystemMemory memory_;
  ThreadPool threads_;
  std::unique_ptr<Executor<T>> executor_;
};

TEST(BatchNorm, HasTheSameBitsOnAnyNumberOfThreads) {
  for (const std::int64_t n : {30, 130}) {
    const Graph graph = PlasticNet(n);
    const auto expected = TrainedOnce<float>(graph, 9, 24, 1).GradientsAndMoments();
    for (const int threads : {2, 3}) {
      EXPECT_EQ(TrainedOnce<float>(graph, 9, 24, threads).GradientsAndMoments(), expected)
          << n << ", " << threads;
    }
  }
}

TEST(BatchNorm, HasTheGradientOfFiniteDifferencesInAPlasticNetwork) {
  TrainedOnce<double> run(PlasticNet(12), 5, 24, 1);
  const auto gradients = run.GradientsAndMoments();
  for (size_t i = 0; i < run.graph().gradients.size(); ++i) {
    const std::string& name = run.graph().node(run.graph().gradients[i].parameter).name;
    double& number = run.Parameter(name)[1];
    const double original = number;
    number = original + 1e-5;
    const double above = run.Loss();
    number = original - 1e-5;
    const double below = run.Loss();
    number = original;
    const double expected = (above - below) / 2e-5;
    EXPECT_NEAR(gradients[i][1], expected, 1e-6 * std::max(1.0, std::abs(expected))) << name;
  }
}

TEST(BatchNorm, OfOneNumberAChannelIsTheBiasAndLeavesTheMomentsAlone) {
  for (const Shape& shape : {Shape{3}, Shape{3, 1, 1}}) {
    GraphMaker maker;
    const Value y = AddBatchNorm(maker, "norm", maker.Input("x", shape), {3});
    maker.Loss(maker.Op("loss", "Sum", {y}, {std::monostate{}}));
    TrainedOnce<double> run(Checked(maker), 1, 1, 1);
    const auto bias = run.Parameter("norm_bias");
    EXPECT_DOUBLE_EQ(run.Loss(), bias[0] + bias[1] + bias[2]);
    const double mean = run.Parameter("norm_mean")[1];
    const double variance = run.Parameter("norm_variance")[1];
    run.GradientsAndMoments();
    EXPECT_EQ(run.Parameter("norm_mean")[1], mean);
    EXPECT_EQ(run.Parameter("norm_variance")[1], variance);
  }
}

TEST(BatchNorm, OfOneNumberPerStepInTheLoopLeavesTheMomentsAlone) {
  TrainedOnce<double> run(PlasticNet(3), 1, 4, 1);  // ahead of the loop and behind it there are four numbers
  const double inside = run.Parameter("inside_variance")[1];
  const double ahead = run.Parameter("ahead_variance")[1];
  run.GradientsAndMoments();
  EXPECT_EQ(run.Parameter("inside_variance")[1], inside);
  EXPECT_NE(run.Parameter("ahead_variance")[1], ahead);
}

TEST(BatchNorm, OfTwoNumbersFollowsTheirMoments) {
  GraphMaker maker;
  const Value y = AddBatchNorm(maker, "norm", maker.Input("x", {1}), {1});
  maker.Loss(maker.Op("loss", "Sum", {y}, {std::monostate{}}));
  TrainedOnce<double> run(Checked(maker), 2, 1, 1);
  const double a = run.Input("x")[0];
  const double b = run.Input("x")[1];
  const double mean = run.Parameter("norm_mean")[0];
  const double variance = run.Parameter("norm_variance")[0];
  run.GradientsAndMoments();
  EXPECT_DOUBLE_EQ(run.Parameter("norm_mean")[0], 0.9 * mean + 0.1 * (a + b) / 2);
  EXPECT_DOUBLE_EQ(run.Parameter("norm_variance")[0], 0.9 * variance + 0.1 * (a - b) * (a - b) / 2);
}

TEST(BatchNorm, ShowsItsUpdatesInTheTextAndHasNoneWithoutTraining) {
  const Graph graph = PlasticNet(4);
  CompileOptions options{.batch = 2, .steps = 3};
  const Executable training = Compile(graph, options);
  EXPECT_EQ(training.graph.updates.size(), 6U);
  EXPECT_THAT(ToText(training.graph), ::testing::HasSubstr("update inside_mean = "));
  EXPECT_EQ(PlanExecution(training.graph, options).graph.updates.size(), 6U);  // as from a plan
  options.training = false;
  const Executable inference = Compile(graph, options);
  EXPECT_TRUE(inference.graph.updates.empty());
  EXPECT_THAT(ToText(inference.graph), ::testing::Not(::testing::HasSubstr("SumInstances(inside")));
}

}  // namespace
}  // namespace plgraph
