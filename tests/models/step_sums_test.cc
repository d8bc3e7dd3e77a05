// Sums that go on from step to step and from sample to sample: in float they are what they are in double, and threads
// change no bit of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/memory_budget.h"
#include "core/random.h"
#include "graph/compile.h"
#include "graph/ir/check.h"
#include "graph/run/executor.h"
#include "tests/support/graph_maker.h"

namespace plgraph {
namespace {

constexpr std::int64_t kSize = 5;
constexpr std::int64_t kSteps = 6000;
constexpr double kRate = 0.5;

// A trace that is written with data and read with data: all terms of the gradients of w and alpha are over 0. That of alpha
// needs the trace of each step, and so is summed in the loop of the backward pass. That of the rate, which comes last, is a
// sum of differences that nearly cancel, and is the same for any number of threads only.
Graph TraceOfData() {
  GraphMaker m;
  const Value x = m.Input("x", {kSize});
  const Value hebb = m.AddState("hebb", {kSize, kSize});
  const Value read = m.Op("read", "PlasticMatMul",
                          {x, m.Parameter("w", {kSize, kSize}), m.Parameter("alpha", {kSize, kSize}), hebb});
  const Value next = m.Op("next", "HebbianTrace", {hebb, x, read, m.Parameter("rate", {}), {}, {}},
                          {std::int64_t{0}, std::monostate{}});
  m.Next(hebb, next);
  m.Loss(m.Op("error", "Sum", {read}, {std::monostate{}}), TermAt::kEveryStep);
  Diagnostics diagnostics("test");
  CheckGraph(m.graph, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.ToString();
  return std::move(m.graph);
}

struct Outcome {
  std::vector<double> numbers;  // the losses of the samples
  std::vector<std::vector<double>> gradients;
};

template <typename T>
Outcome OutcomeOf(const Graph& graph, std::int64_t batch, int thread_count) {
  const CompileOptions options = {.dtype = kDTypeOf<T>, .batch = batch, .steps = kSteps};
  const Executable executable = Compile(graph, options);
  SystemMemory memory;
  ThreadPool threads(thread_count);
  Executor<T> executor(executable, memory, threads);
  const auto fill = [](std::span<T> numbers, double least, double most) {
    const RandomStream random(3, StreamId("steps"));
    for (size_t i = 0; i < numbers.size(); ++i) {
      const double u = random.Uniform(static_cast<std::uint32_t>(i));
      numbers[i] = static_cast<T>(static_cast<float>(least + u * (most - least)));
    }
  };
  fill(executor.Input(executable.graph.Find("x")), 0.1, 0.3);
  for (const char* name : {"w", "alpha"}) fill(executor.Parameter(executable.graph.Find(name)), 0.05, 0.1);
  executor.Parameter(executable.graph.Find("rate"))[0] = static_cast<T>(kRate);
  executor.Forward({});
  executor.Backward({});
  Outcome outcome;
  for (std::int64_t sample = 0; sample < batch; ++sample)
    outcome.numbers.push_back(executor.TermValue(0, sample));
  for (size_t i = 0; i < executable.graph.gradients.size(); ++i) {
    const auto gradient = executor.Gradient(i);
    outcome.gradients.emplace_back(gradient.begin(), gradient.end());
  }
  return outcome;
}

TEST(StepSums, InFloatAreThoseInDouble) {
  const Graph graph = TraceOfData();
  for (const std::int64_t batch : {1, 3}) {
    const Outcome floats = OutcomeOf<float>(graph, batch, 1);
    const Outcome doubles = OutcomeOf<double>(graph, batch, 1);
    for (size_t i = 0; i < doubles.numbers.size(); ++i) {
      EXPECT_NEAR(floats.numbers[i], doubles.numbers[i], 1e-6 * doubles.numbers[i]);
    }
    ASSERT_EQ(doubles.gradients.size(), 3);
    for (size_t g = 0; g < 2; ++g) {
      for (size_t i = 0; i < doubles.gradients[g].size(); ++i) {
        const double expected = doubles.gradients[g][i];
        EXPECT_NEAR(floats.gradients[g][i], expected, 1e-5 * std::abs(expected)) << g << ", " << i;
      }
    }
  }
}

// Added one by one in float, equal numbers lose digits at each step, all in one direction: 1e-5 after 1000 steps, and 1e-2
// after a million.
TEST(StepSums, OfEqualNumbersKeepSixDigits) {
  GraphMaker m;
  m.Loss(m.Op("error", "Sum", {m.Input("x", {1})}, {std::monostate{}}), TermAt::kEveryStep);
  Diagnostics diagnostics("test");
  CheckGraph(m.graph, diagnostics);
  for (const std::int64_t steps : {20, 300, 1000, 1100, 100'000, 1'000'000}) {
    const CompileOptions options = {.training = false, .batch = 2, .steps = steps};
    const Executable executable = Compile(m.graph, options);
    SystemMemory memory;
    ThreadPool threads(1);
    Executor<float> executor(executable, memory, threads);
    std::ranges::fill(executor.Input(executable.graph.Find("x")), 0.1F);
    executor.Forward({});
    for (const std::int64_t sample : {0, 1}) {
      EXPECT_NEAR(executor.TermValue(0, sample), 0.1, 1e-6 * 0.1) << steps << " steps, sample " << sample;
    }
  }
}

TEST(StepSums, HaveTheSameBitsOnAnyNumberOfThreads) {
  const Graph graph = TraceOfData();
  const Outcome expected = OutcomeOf<float>(graph, 5, 1);
  for (const int threads : {2, 3}) {
    const Outcome actual = OutcomeOf<float>(graph, 5, threads);
    EXPECT_EQ(actual.numbers, expected.numbers);
    EXPECT_EQ(actual.gradients, expected.gradients);
  }
}

}  // namespace
}  // namespace plgraph
