// Dropout in training: the mask follows from the seed, the node, the episode, the step and the place alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "core/memory_budget.h"
#include "core/threads.h"
#include "graph/compile.h"
#include "graph/ir/check.h"
#include "graph/run/executor.h"
#include "tests/support/graph_maker.h"

namespace plgraph {
namespace {

constexpr std::int64_t kSize = 500;
constexpr double kProbability = 0.3;
using Floats = std::vector<float>;

// y = dropout(x) for an input of ones, z = dropout(w) for a parameter of ones; both masks, then.
class DropoutNet {
 public:
  DropoutNet(std::int64_t batch, std::int64_t steps, bool training = true, TermAt at = TermAt::kEveryStep)
      : batch_(batch), executable_(Compile(MakeGraph(at), OptionsFor(batch, steps, training))) {
    executor_ = std::make_unique<Executor<float>>(executable_, memory_, threads_);
    std::ranges::fill(executor_->Input(Find("x")), 1.0F);
    std::ranges::fill(executor_->Parameter(Find("w")), 1.0F);
  }

  void Run(const RunContext& context) {
    executor_->Forward(context);
    if (executable_.options.training) executor_->Backward(context);
  }
  Floats Mask(std::int64_t step, std::int64_t sample) {
    const auto all = executor_->Output(Find("y"));
    const auto begin = all.begin() + (step * batch_ + sample) * kSize;
    return {begin, begin + kSize};
  }
  Floats ParameterMask() {
    const auto all = executor_->Output(Find("z"));
    return {all.begin(), all.end()};
  }
  Floats Gradient() {
    const auto all = executor_->Gradient(0);
    return {all.begin(), all.end()};
  }

 private:
  static Graph MakeGraph(TermAt at) {
    GraphMaker maker;
    const Value y = maker.Op("y", "Dropout", {maker.Input("x", {kSize})}, {kProbability});
    const Value z = maker.Op("z", "Dropout", {maker.Parameter("w", {kSize})}, {kProbability});
    maker.Loss(maker.Op("loss", "Dot", {y, z}), at);
    Diagnostics diagnostics("dropout");
    CheckGraph(maker.graph, diagnostics);
    return std::move(maker.graph);
  }
  static CompileOptions OptionsFor(std::int64_t batch, std::int64_t steps, bool training) {
    CompileOptions options;
    options.training = training;
    options.batch = batch;
    options.steps = steps;
    options.outputs = {"y", "z"};
    return options;
  }
  Value Find(std::string_view name) const { return executable_.graph.Find(name); }

  std::int64_t batch_;
  Executable executable_;
  SystemMemory memory_;
  ThreadPool threads_{2};
  std::unique_ptr<Executor<float>> executor_;
};

TEST(Dropout, KeepsTheRightPartAtTheRightScale) {
  DropoutNet net(40, 5);
  net.Run({});
  std::map<float, int> counts;
  for (std::int64_t step = 0; step < 5; ++step) {
    for (std::int64_t sample = 0; sample < 40; ++sample) {
      for (const float m : net.Mask(step, sample)) ++counts[m];
    }
  }
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_NEAR(counts[0] / (200.0 * kSize), kProbability, 0.01);
  EXPECT_FLOAT_EQ(counts.rbegin()->first, static_cast<float>(1 / (1 - kProbability)));
}

TEST(Dropout, DrawsAnewForEveryEpisodeStepAndNode) {
  DropoutNet net(2, 2);
  net.Run({});
  const Floats first = net.Mask(0, 0);
  EXPECT_NE(net.Mask(0, 1), first);
  EXPECT_NE(net.Mask(1, 0), first);
  EXPECT_NE(net.ParameterMask(), first);
  const Floats of_parameter = net.ParameterMask();
  net.Run({.first_episode = 2});
  EXPECT_NE(net.Mask(0, 0), first);
  EXPECT_NE(net.ParameterMask(), of_parameter);
  net.Run({.seed = 1});
  EXPECT_NE(net.Mask(0, 0), first);
  net.Run({});
  EXPECT_EQ(net.Mask(0, 0), first);
}

TEST(Dropout, DoesNotDependOnTheBatchSizeOrTheWindow) {
  DropoutNet wide(3, 4);
  wide.Run({.seed = 7, .first_episode = 10});
  DropoutNet narrow(1, 2);
  for (std::int64_t sample = 0; sample < 3; ++sample) {
    for (std::int64_t window = 0; window < 2; ++window) {
      narrow.Run(
          {.seed = 7, .first_episode = static_cast<std::uint64_t>(10 + sample), .first_step = 2 * window});
      EXPECT_EQ(narrow.Mask(0, 0), wide.Mask(2 * window, sample));
      EXPECT_EQ(narrow.Mask(1, 0), wide.Mask(2 * window + 1, sample));
    }
  }
}

TEST(Dropout, UsesTheSameMaskForTheGradient) {
  DropoutNet net(1, 1);
  net.Run({});
  const Floats mask = net.Mask(0, 0);
  const Floats of_parameter = net.ParameterMask();
  const Floats gradient = net.Gradient();
  for (size_t i = 0; i < gradient.size(); ++i) EXPECT_FLOAT_EQ(gradient[i], mask[i] * of_parameter[i]);
}

// Where the compiler takes the last step of what is dropped out, before the mask.
TEST(Dropout, UsesTheSameMaskForALossAtTheLastStep) {
  DropoutNet net(1, 3, /*training=*/true, TermAt::kLastStep);
  for (const std::int64_t first_step : {0, 3}) {
    net.Run({.first_step = first_step});
    const Floats mask = net.Mask(2, 0);
    const Floats of_parameter = net.ParameterMask();
    const Floats gradient = net.Gradient();
    for (size_t i = 0; i < gradient.size(); ++i) EXPECT_FLOAT_EQ(gradient[i], mask[i] * of_parameter[i]);
  }
}

TEST(Dropout, HasOneMaskForAnEpisodeWhereNothingChangesWithTheStep) {
  DropoutNet net(1, 2);
  net.Run({});
  const Floats mask = net.ParameterMask();
  net.Run({.first_step = 2});
  EXPECT_EQ(net.ParameterMask(), mask);
}

TEST(Dropout, IsItsOperandOutsideTraining) {
  DropoutNet net(2, 2, /*training=*/false);
  net.Run({});
  EXPECT_EQ(net.Mask(1, 1), Floats(kSize, 1.0F));
  EXPECT_EQ(net.ParameterMask(), Floats(kSize, 1.0F));
}

}  // namespace
}  // namespace plgraph
