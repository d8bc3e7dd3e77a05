// Traces over a thousand steps, at slow and fast rates: the gradient in float, by inverted updates, is that in double,
// and the gradient in double is that of finite differences of the plain interpreter, which keeps everything.
#include <gtest/gtest.h>

#include "core/memory_budget.h"
#include "core/random.h"
#include "graph/compile.h"
#include "graph/ir/check.h"
#include "graph/run/executor.h"
#include "tests/support/graph_maker.h"
#include "tests/support/interpreter.h"
#include "tests/support/relative_difference.h"

namespace plgraph {
namespace {

constexpr std::int64_t kSize = 6;
constexpr std::int64_t kSteps = 1000;
enum Rule : std::int64_t { kHebb, kOja };

// A pre that is given and a post that is read from the trace: the gradient reaches back over all steps.
Graph LongTrace(Rule rule, double initial) {
  GraphMaker m;
  const Value x = m.Input("x", {kSize});
  const Value w = m.Parameter("w", {kSize, kSize});
  const Value alpha = m.Parameter("alpha", {kSize, kSize});
  const Value rate = m.Parameter("rate", {});
  const Value hebb = m.AddState("hebb", {kSize, kSize});
  const Value post = m.Op("post", "Tanh", {m.Op("read", "PlasticMatMul", {x, w, alpha, hebb})});
  const Value next = m.Op("hebb_next", "HebbianTrace", {hebb, x, post, rate, {}, {}},
                          {std::int64_t{rule}, std::monostate{}});
  m.Next(hebb, next).initial_constant = initial;
  m.Loss(m.Op("error", "Sum", {m.Op("square", "Square", {post})}, {std::monostate{}}), TermAt::kEveryStep);
  Diagnostics diagnostics("test");
  CheckGraph(m.graph, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.ToString();
  return std::move(m.graph);
}

// One value of a source; all of one run come from the name of the source.
double SampleOf(const std::string& name, size_t i, double rate) {
  if (name == "rate") return rate;
  const RandomStream random(3, StreamId(name), 0);
  const double number = 2 * random.Uniform(static_cast<std::uint32_t>(i)) - 1;
  return name == "x" ? number : 0.5 * number;
}

template <typename T>
std::vector<std::vector<double>> Gradients(const Graph& graph, double rate) {
  const CompileOptions options = {.dtype = kDTypeOf<T>, .batch = 1, .steps = kSteps};
  const Executable executable = Compile(graph, options);
  EXPECT_TRUE(executable.graph.Find("hebb/before"));
  SystemMemory memory;
  ThreadPool threads(1);
  Executor<T> executor(executable, memory, threads);
  for (int id = 0; id < executable.graph.size(); ++id) {
    const Node& node = executable.graph.node(Value{id});
    std::span<T> numbers;
    if (node.kind == NodeKind::kParameter) numbers = executor.Parameter(Value{id});
    if (node.kind == NodeKind::kInput) numbers = executor.Input(Value{id});
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<T>(SampleOf(node.name, i, rate));
  }
  executor.Forward({});
  executor.Backward({});
  std::vector<std::vector<double>> gradients;
  for (size_t g = 0; g < executable.graph.gradients.size(); ++g) {
    const std::span<const T> gradient = executor.Gradient(g);
    gradients.emplace_back(gradient.begin(), gradient.end());
  }
  return gradients;
}

class LongTraceTest : public ::testing::TestWithParam<double> {};

TEST_P(LongTraceTest, HasInFloatTheGradientOfDouble) {
  for (const Rule rule : {kHebb, kOja}) {
    for (const double initial : {0.0, 0.5}) {
      const Graph graph = LongTrace(rule, initial);
      const auto in_float = Gradients<float>(graph, GetParam());
      const auto in_double = Gradients<double>(graph, GetParam());
      for (size_t g = 0; g < in_double.size(); ++g) {
        EXPECT_LT(RelativeDifference(in_double[g], in_float[g]), 1e-4)
            << "rule " << rule << ", gradient " << g;
      }
    }
  }
}

TEST_P(LongTraceTest, HasInDoubleTheGradientOfFiniteDifferences) {
  for (const Rule rule : {kHebb, kOja}) {
    const Graph graph = LongTrace(rule, 0.5);
    const auto in_double = Gradients<double>(graph, GetParam());
    Interpreter interpreter(graph, 1, kSteps);
    for (int id = 0; id < graph.size(); ++id) {
      const Node& node = graph.node(Value{id});
      if (node.kind != NodeKind::kParameter && node.kind != NodeKind::kInput) continue;
      const std::int64_t rows = node.kind == NodeKind::kInput ? kSteps : 1;
      std::vector<double> numbers;
      for (std::int64_t i = 0; i < rows * node.shape.NumElements(); ++i) {
        numbers.push_back(SampleOf(node.name, static_cast<size_t>(i), GetParam()));
      }
      interpreter.Set(node.name, numbers);
    }
    const std::vector<std::string> names = {"w", "alpha", "rate"};
    for (size_t g = 0; g < names.size(); ++g) {
      const double expected = interpreter.FiniteDifference(names[g], 0, 1e-5);
      EXPECT_NEAR(in_double[g][0], expected, 1e-5 * std::max(0.1, std::abs(expected))) << names[g];
    }
  }
}

// At a rate of 1 nothing of the trace before is left: no inversion, every trace is recomputed.
INSTANTIATE_TEST_SUITE_P(Rates, LongTraceTest, ::testing::Values(0.001, 0.01, 0.1, 0.5, 1.0));

}  // namespace
}  // namespace plgraph
