// Traces that are never made: when, and that the numbers are those of the trace that is made.
#include <gtest/gtest.h>

#include "core/memory_budget.h"
#include "core/random.h"
#include "graph/compile.h"
#include "graph/ir/check.h"
#include "graph/passes/traces/trace_cost.h"
#include "graph/run/executor.h"
#include "tests/support/graph_maker.h"
#include "tests/support/relative_difference.h"

namespace plgraph {
namespace {

constexpr std::int64_t kHebb = 0;
constexpr std::int64_t kModulated = 2;

struct Case {
  Shape plasticity = {};
  Shape rate = {};
  bool modulated = false;    // by a number of the data, which is not the same at all steps
  bool pre_is_input = true;  // or what the network made at the step before
  bool followed = false;     // by a decoder and a second plastic layer
  std::int64_t steps = 12;
  std::int64_t batch = 3;
  double eta = 0.05;
  std::int64_t pre = 40;
  std::int64_t post = 30;
};

// Behind the first layer: a decoder, and a layer whose trace links what is decoded to x.
void AddSecondLayer(GraphMaker& m, const Case& c, Value x, Value y) {
  const Value w = m.Parameter("w2", {c.pre, c.pre});
  const Value alpha = m.Parameter("alpha2", c.plasticity.rank() == 0 ? Shape{} : Shape{c.pre});
  const Value rate = m.Parameter("rate2", {});
  const Value hebb = m.AddState("hebb2", {c.pre, c.pre});
  const Value drawn =
      m.Op("drawn", "Tanh", {m.Op("decoded", "MatMul", {y, m.Parameter("decode", {c.post, c.pre})})});
  const Value read = m.Op("read", "PlasticMatMul", {drawn, w, alpha, hebb});
  m.Next(hebb, m.Op("hebb2_next", "HebbianTrace", {hebb, drawn, x, rate, {}, {}}, {kHebb, std::monostate{}}));
  const Value error = m.Op("error2", "SquaredError", {read, x}, {std::int64_t{0}});
  m.Loss(error, TermAt::kEveryStep);
  m.Metric("last", error, TermAt::kLastStep);
}

// A layer from x or the output before to y.
Graph Network(const Case& c) {
  GraphMaker m;
  const std::int64_t pre_size = c.pre_is_input ? c.pre : c.post;
  const Value x = m.Input("x", {c.pre});
  const Value target = m.Input("target", {c.post});
  const Value into = m.Parameter("into", {c.pre, c.post});
  const Value w = m.Parameter("w", {pre_size, c.post});
  const Value alpha = m.Parameter("alpha", c.plasticity);
  const Value rate = m.Parameter("rate", c.rate);
  const Value y = m.AddState("y", {c.post});
  const Value hebb = m.AddState("hebb", {pre_size, c.post});
  const Value pre = c.pre_is_input ? x : y;
  const Value recurrent = m.Op("recurrent", "PlasticMatMul", {pre, w, alpha, hebb});
  const Value driven = m.Op("driven", "Add", {recurrent, m.Op("fixed", "MatMul", {x, into})});
  const Value y_next = m.Op("y_next", "Tanh", {driven});
  const Value modulation = c.modulated ? m.Op("m", "Mul", {rate, m.Input("signal", {})}) : Value{};
  const Value next =
      m.Op("hebb_next", "HebbianTrace", {hebb, pre, y_next, c.modulated ? Value{} : rate, modulation, {}},
           {c.modulated ? kModulated : kHebb, std::monostate{}});
  m.Next(y, y_next);
  m.Next(hebb, next);
  m.Loss(m.Op("error", "SquaredError", {y_next, target}, {std::int64_t{0}}), TermAt::kEveryStep);
  if (c.followed) AddSecondLayer(m, c, x, y_next);
  return std::move(m.graph);
}

Executable Compiled(const Case& c, bool made, bool training = true) {
  Graph graph = Network(c);
  Diagnostics diagnostics("test");
  CheckGraph(graph, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.ToString();
  CompileOptions options = {
      .training = training, .dtype = DType::kDouble, .batch = c.batch, .steps = c.steps};
  if (made) options.outputs = {"hebb"};
  if (made && c.followed) options.outputs.push_back("hebb2");
  return Compile(std::move(graph), options);
}

double SampleOf(const std::string& name, size_t i, double eta) {
  if (name == "rate") return eta;
  return RandomStream(3, StreamId(name), 0).Uniform(static_cast<std::uint32_t>(i)) - 0.5;
}

// The terms of each sample, and then the gradients.
std::vector<std::vector<double>> Numbers(const Executable& executable, double eta, int thread_count = 2) {
  SystemMemory memory;
  ThreadPool threads(thread_count);
  Executor<double> executor(executable, memory, threads);
  for (int id = 0; id < executable.graph.size(); ++id) {
    const Node& node = executable.graph.node(Value{id});
    std::span<double> numbers;
    if (node.kind == NodeKind::kParameter) numbers = executor.Parameter(Value{id});
    if (node.kind == NodeKind::kInput) numbers = executor.Input(Value{id});
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = SampleOf(node.name, i, eta);
  }
  executor.Forward({});
  std::vector<std::vector<double>> results;
  for (size_t term = 0; term < executable.graph.terms.size(); ++term) {
    results.emplace_back();
    for (std::int64_t sample = 0; sample < executable.options.batch; ++sample) {
      results.back().push_back(executor.TermValue(term, sample));
    }
  }
  if (executable.options.training) executor.Backward({});
  for (size_t g = 0; g < executable.graph.gradients.size(); ++g) {
    const std::span<const double> gradient = executor.Gradient(g);
    results.emplace_back(gradient.begin(), gradient.end());
  }
  return results;
}

bool IsMade(const Executable& executable) { return static_cast<bool>(executable.graph.Find("hebb")); }

class SumPass : public ::testing::TestWithParam<Case> {};

TEST_P(SumPass, GivesTheNumbersOfTheTraceThatIsMade) {
  for (const bool training : {true, false}) {
    const Executable sum = Compiled(GetParam(), false, training);
    const Executable made = Compiled(GetParam(), true, training);
    ASSERT_FALSE(IsMade(sum));
    ASSERT_TRUE(IsMade(made));
    const auto expected = Numbers(made, GetParam().eta);
    const auto actual = Numbers(sum, GetParam().eta);
    ASSERT_EQ(actual.size(), expected.size());
    for (size_t i = 0; i < actual.size(); ++i)
      EXPECT_LT(RelativeDifference(expected[i], actual[i]), 1e-11) << i;
  }
}

TEST_P(SumPass, HasTheSameBitsOnAnyNumberOfThreads) {
  const Executable executable = Compiled(GetParam(), false);
  EXPECT_EQ(Numbers(executable, 0.05, 1), Numbers(executable, 0.05, 3));
}

// The last ones have more steps than are weighed at once, and a rate at which the first of them count nothing.
INSTANTIATE_TEST_SUITE_P(
    Cases, SumPass,
    ::testing::Values(
        Case{}, Case{.plasticity = {30}}, Case{.modulated = true}, Case{.rate = {30}, .modulated = true},
        Case{.pre_is_input = false}, Case{.plasticity = {30}, .pre_is_input = false},
        Case{.plasticity = {30}, .modulated = true, .pre_is_input = false}, Case{.followed = true},
        Case{.plasticity = {30}, .pre_is_input = false, .followed = true},
        Case{.modulated = true, .followed = true, .steps = 13, .batch = 1}, Case{.steps = 1},
        Case{.steps = 2, .batch = 1}, Case{.steps = 13, .batch = 1},
        Case{.steps = 300, .batch = 1, .pre = 400, .post = 300},
        Case{.steps = 300, .batch = 1, .eta = 0.95, .pre = 400, .post = 300}, Case{.steps = 5, .eta = 1}));

TEST(SumPassPhases, WhatFollowsTheLoopDoesNotRunInIt) {
  const Executable executable = Compiled({.followed = true}, false);
  ASSERT_FALSE(executable.graph.Find("hebb2"));
  for (const char* name : {"decoded", "drawn", "read", "d_drawn"}) {
    EXPECT_EQ(executable.graph.node(executable.graph.Find(name)).phase, Phase::kAfter) << name;
  }
}

// What a trace is made of may come ahead of the loop, and something else there may read it too.
TEST(SumPassPhases, WhatTheLoopOnlyReadsRunsAheadOfIt) {
  GraphMaker m;
  const Value x = m.Input("x", {40});
  const Value w = m.Parameter("w", {40, 40});
  const Value rate = m.Parameter("rate", {});
  const Value hebb = m.AddState("hebb", {40, 40});
  const Value code = m.Op("code", "Tanh", {x});
  const Value read = m.Op("read", "Tanh", {m.Op("product", "PlasticMatMul", {code, w, rate, hebb})});
  m.Next(hebb,
         m.Op("hebb_next", "HebbianTrace", {hebb, code, read, rate, {}, {}}, {kHebb, std::monostate{}}));
  m.Loss(m.Op("error", "SquaredError", {read, x}, {std::int64_t{0}}), TermAt::kEveryStep);
  Diagnostics diagnostics("test");
  CheckGraph(m.graph, diagnostics);
  ASSERT_FALSE(diagnostics.has_errors()) << diagnostics.ToString();
  const Executable executable = Compile(std::move(m.graph), {.steps = 5});
  for (const char* name : {"code", "product/MatMul"}) {
    EXPECT_EQ(executable.graph.node(executable.graph.Find(name)).phase, Phase::kAhead) << name;
  }
}

TEST(ChooseForms, LeavesAProductOfTracesThatIsAnOutput) {
  GraphMaker m;
  const Value x = m.Input("x", {40});
  const Value one = m.AddState("one", {40, 40});
  const Value two = m.AddState("two", {40, 40});
  const Value rate = m.Parameter("rate", {});
  for (const auto& [trace, name] : {std::pair(one, "one_next"), std::pair(two, "two_next")}) {
    m.Next(trace, m.Op(name, "HebbianTrace", {trace, x, x, rate, {}, {}}, {kHebb, std::monostate{}}));
  }
  m.Op("product", "Dot", {one, two});
  m.Metric("read", m.Op("sum", "Sum", {m.Op("read", "MatMul", {x, one})}, {std::monostate{}}),
           TermAt::kEveryStep);
  Diagnostics diagnostics("test");
  CheckGraph(m.graph, diagnostics);
  ASSERT_FALSE(diagnostics.has_errors()) << diagnostics.ToString();
  const Executable executable =
      Compile(std::move(m.graph), {.training = false, .steps = 5, .outputs = {"product"}});
  EXPECT_EQ(executable.graph.node(executable.graph.Find("product")).op->name, "Dot");
  for (const char* name : {"one", "two"}) EXPECT_TRUE(executable.graph.Find(name)) << name;
}

// Found by random models whose outputs are two equal nodes.
TEST(ChooseForms, FindsTheSumUnderTheNamesOfAllProductsThatWereMerged) {
  GraphMaker m;
  const Value x = m.Input("x", {40});
  const Value trace = m.AddState("trace", {40, 40});
  const Value rate = m.Parameter("rate", {});
  m.Next(trace, m.Op("trace_next", "HebbianTrace", {trace, x, x, rate, {}, {}}, {kHebb, std::monostate{}}));
  m.Op("read", "MatMul", {x, trace});
  m.Op("again", "MatMul", {x, trace});
  Diagnostics diagnostics("test");
  CheckGraph(m.graph, diagnostics);
  ASSERT_FALSE(diagnostics.has_errors()) << diagnostics.ToString();
  const Graph graph =
      Compile(std::move(m.graph), {.training = false, .steps = 5, .outputs = {"read", "again"}}).graph;
  EXPECT_FALSE(graph.Find("trace"));
  EXPECT_EQ(graph.Find("again"), graph.Find("read"));
  for (int id = 0; id < graph.size(); ++id) EXPECT_NE(graph.node(Value{id}).name, "read/of_matrix");
}

// Found by set_fuzz: such a trace is refused only when its memory is planned.
TEST(TraceCost, OfATraceThatNoMachineHolds) {
  const TraceUse use = {.shape = Shape({2'999'999'999, 2'999'999'999}), .products = 2, .read_backward = true};
  EXPECT_GT(CostOf(ChosenForm::kInverted, use, 106).operations, 1e21);
  EXPECT_GT(CostOf(ChosenForm::kSum, use, 3'000'000'000).operations, 1e28);
}

TEST(ChooseForms, SaysWhyATraceIsMade) {
  const auto reason = [](const Executable& executable) {
    EXPECT_TRUE(IsMade(executable));
    return executable.graph.trace_choices.at(0).option(ChosenForm::kSum).why_not;
  };
  EXPECT_EQ(reason(Compiled({.plasticity = {40, 30}}, false)),
            "its plasticity differs from element to element");
  EXPECT_EQ(reason(Compiled({.rate = {30}}, false)), "its decay is not one number");
  EXPECT_EQ(reason(Compiled({}, true)), "it is an output");
  const TraceChoice dear = Compiled({.steps = 60}, false).graph.trace_choices.at(0);
  EXPECT_EQ(dear.form, ChosenForm::kInverted);
  EXPECT_EQ(dear.option(ChosenForm::kSum).why_not, "");
  EXPECT_GT(dear.option(ChosenForm::kSum).cost.operations,
            dear.option(ChosenForm::kInverted).cost.operations);
  const TraceChoice cheap = Compiled({}, false).graph.trace_choices.at(0);
  EXPECT_EQ(cheap.form, ChosenForm::kSum);
  EXPECT_LT(cheap.option(ChosenForm::kSum).cost.operations,
            cheap.option(ChosenForm::kInverted).cost.operations);
}

}  // namespace
}  // namespace plgraph
