// Every form that the compiler gives a trace (a matrix that is kept, inverted or recomputed, or a sum over past updates)
// has the same losses and gradients as the others; and which form models get that read a trace in several ways.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "core/memory_budget.h"
#include "core/random.h"
#include "graph/compile.h"
#include "graph/ir/check.h"
#include "graph/passes/traces/trace_form.h"
#include "graph/run/executor.h"
#include "tests/support/graph_maker.h"

namespace plgraph {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;
using Passes = std::set<std::string>;

enum Rule : std::int64_t { kHebb, kOja, kModulated, kRetroactive, kInstar, kRowDecay };

constexpr std::int64_t kSize = 6;
constexpr std::int64_t kSteps = 25;  // so many that a trace is recomputed where it cannot be inverted
constexpr std::int64_t kBatch = 2;

Graph Checked(GraphMaker& m) {
  Diagnostics diagnostics("test");
  CheckGraph(m.graph, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.ToString();
  return std::move(m.graph);
}

// y' = tanh(y (w + alpha o H) + x), H under a rule; alpha has this shape. `gated`: the decay of each row is computed.
Graph Plastic(Rule rule, const Shape& alpha_shape, bool gated = false) {
  GraphMaker m;
  const Value x = m.Input("x", {kSize});
  const Value w = m.Parameter("w", {kSize, kSize});
  const Value alpha = m.Parameter("alpha", alpha_shape);
  const Value rate = m.Op("rate", "Sigmoid", {m.Parameter("rate_logit", {})});
  const Value y = m.AddState("y", {kSize});
  const Value hebb = m.AddState("hebb", {kSize, kSize});
  const Value read = m.Op("read", "PlasticMatMul", {y, w, alpha, hebb});
  const Value y_next = m.Op("y_next", "Tanh", {m.Op("drive", "Add", {read, x})});
  std::vector<Value> operands = {hebb, y, y_next, rate, {}, {}, {}};
  if (rule == kModulated) operands = {hebb, y, y_next, {}, m.Op("m", "Dot", {y_next, x}), {}, {}};
  if (rule == kRowDecay)
    operands[6] = m.Op("gate", "Sigmoid", {gated ? y_next : m.Parameter("logit", {kSize})});
  m.Next(y, y_next);
  m.Next(hebb, m.Op("hebb_next", "HebbianTrace", operands, {std::int64_t{rule}, std::monostate{}}));
  m.Loss(m.Op("error", "Sum", {m.Op("square", "Square", {y_next})}, {std::monostate{}}), TermAt::kEveryStep);
  return Checked(m);
}

// Linear attention S' = S + k v^T. What is read, and by how many queries.
struct Attention {
  bool after_write = false;
  bool two_readers = false;
};
Graph LinearAttention(Attention which) {
  GraphMaker m;
  const Value x = m.Input("x", {kSize});
  const Value target = m.Input("target", {kSize});
  const auto project = [&](const std::string& name) {
    return m.Op(name, "MatMul", {x, m.Parameter("w" + name, {kSize, kSize})});
  };
  const Value k = project("k");
  const Value v = project("v");
  const Value q = project("q");
  const Value s = m.AddState("s", {kSize, kSize});
  const Value s_next = m.Op("s_next", "Add", {s, m.Op("kv", "Outer", {k, v})});
  m.Next(s, s_next);
  Value read = m.Op("read", "MatMul", {q, which.after_write ? s_next : s});
  if (which.two_readers) read = m.Op("reads", "Add", {read, m.Op("read2", "MatMul", {k, s})});
  m.Loss(m.Op("error", "SquaredError", {read, target}, {std::int64_t{0}}), TermAt::kEveryStep);
  return Checked(m);
}

Executable Compiled(const Graph& graph, const Passes& disabled, std::int64_t steps = kSteps) {
  const CompileOptions options = {.dtype = DType::kDouble, .batch = kBatch, .steps = steps};
  PassControl control;
  control.disabled = disabled;
  return Compile(graph, options, control);
}

void Fill(const std::string& name, std::span<double> numbers) {
  const RandomStream random(5, StreamId(name), 0);
  for (size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = random.Uniform(static_cast<std::uint32_t>(i)) - 0.5;
}

// The losses, and all gradients.
std::vector<double> NumbersOf(const Executable& executable) {
  SystemMemory memory;
  ThreadPool threads(1);
  Executor<double> executor(executable, memory, threads);
  for (int id = 0; id < executable.graph.size(); ++id) {
    const Node& node = executable.graph.node(Value{id});
    if (node.kind == NodeKind::kParameter) Fill(node.name, executor.Parameter(Value{id}));
    if (node.kind == NodeKind::kInput) Fill(node.name, executor.Input(Value{id}));
  }
  executor.Forward({});
  executor.Backward({});
  std::vector<double> numbers;
  for (std::int64_t sample = 0; sample < kBatch; ++sample) numbers.push_back(executor.TermValue(0, sample));
  for (size_t g = 0; g < executable.graph.gradients.size(); ++g) {
    const std::span<const double> gradient = executor.Gradient(g);
    numbers.insert(numbers.end(), gradient.begin(), gradient.end());
  }
  return numbers;
}

void ExpectTheSame(const std::vector<double>& actual, const std::vector<double>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  double largest = 0;
  for (const double number : expected) largest = std::max(largest, std::abs(number));
  ASSERT_GT(largest, 1e-3);
  for (size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], 1e-10 * largest) << i;
}

// Everything is kept, which needs nothing of what is known of traces.
std::vector<double> NumbersOfTape(const Graph& graph) {
  return NumbersOf(Compiled(graph, {"sum", "recompute", "invert"}));
}

struct Case {
  Rule rule;
  Shape alpha;
  bool gated = false;
};
class TraceForms : public ::testing::TestWithParam<Case> {};

TEST_P(TraceForms, AgreeWithEachOther) {
  const Graph graph = Plastic(GetParam().rule, GetParam().alpha, GetParam().gated);
  const std::vector<double> expected = NumbersOfTape(graph);
  for (const Passes& disabled :
       {Passes{}, Passes{"sum"}, Passes{"invert"}, Passes{"sum", "invert"}, Passes{"recompute"}}) {
    ExpectTheSame(NumbersOf(Compiled(graph, disabled)), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(All, TraceForms,
                         ::testing::Values(Case{kHebb, {kSize, kSize}}, Case{kHebb, {kSize}}, Case{kHebb, {}},
                                           Case{kOja, {kSize, kSize}}, Case{kOja, {}},
                                           Case{kModulated, {kSize, kSize}}, Case{kModulated, {}},
                                           Case{kInstar, {kSize, kSize}}, Case{kInstar, {kSize}},
                                           Case{kRowDecay, {kSize, kSize}}, Case{kRowDecay, {}},
                                           Case{kRowDecay, {kSize, kSize}, true}, Case{kRowDecay, {}, true}));

// The ops of the nodes that make a matrix at each step.
std::vector<std::string> MatricesOfLoops(const Executable& executable) {
  std::vector<std::string> ops;
  for (int id = 0; id < executable.graph.size(); ++id) {
    const Node& node = executable.graph.node(Value{id});
    if (node.kind == NodeKind::kOp && node.shape.rank() == 2 && node.variance.step)
      ops.emplace_back(node.op->name);
  }
  return ops;
}

TEST(TraceForm, OfRulesWithADecayOfEachRowOrColumnIsInverted) {
  for (const Rule rule : {kInstar, kOja, kRowDecay}) {
    EXPECT_THAT(MatricesOfLoops(Compiled(Plastic(rule, {kSize, kSize}), {})), Contains("Rewind")) << rule;
    EXPECT_THAT(MatricesOfLoops(Compiled(Plastic(rule, {kSize, kSize}), {"invert"})),
                Not(Contains("Rewind")));
  }
}

TEST(TraceForm, OfRowsThatAGateMayEmptyIsRecomputed) {
  const Executable executable = Compiled(Plastic(kRowDecay, {kSize, kSize}, true), {});
  EXPECT_THAT(MatricesOfLoops(executable), Not(Contains("Rewind")));
  EXPECT_GT(executable.memory.interval, 0);
}

// So few steps that a sum costs less.
TEST(TraceForm, OfATraceThatIsReadAfterItsUpdateIsASum) {
  const Graph graph = LinearAttention({.after_write = true});
  EXPECT_THAT(MatricesOfLoops(Compiled(graph, {}, 3)), IsEmpty());
  EXPECT_THAT(MatricesOfLoops(Compiled(graph, {"sum"}, 3)), Not(IsEmpty()));
  ExpectTheSame(NumbersOf(Compiled(graph, {}, 3)), NumbersOf(Compiled(graph, {"sum", "invert"}, 3)));
}

TEST(TraceForm, OfATraceWithTwoReadersNeedsNoMatrixInEitherDirection) {
  const Graph graph = LinearAttention({.two_readers = true});
  EXPECT_THAT(MatricesOfLoops(Compiled(graph, {}, 3)), IsEmpty());
  ExpectTheSame(NumbersOf(Compiled(graph, {}, 3)), NumbersOf(Compiled(graph, {"sum", "invert"}, 3)));
}

TEST(TraceForm, SaysWhatStandsBeforeTheTraceAndItsUpdate) {
  const Executable executable = Compiled(Plastic(kRowDecay, {kSize, kSize}, true), {});
  for (const State& state : executable.graph.states) {
    if (executable.graph.node(state.value).name != "hebb") continue;
    const std::optional<TraceForm> form = TraceFormOf(executable.graph, state);
    ASSERT_TRUE(form);
    EXPECT_EQ(form->decay.kind, TraceFactor::kPerRow);
    EXPECT_FALSE(form->decay.constant);
    ASSERT_EQ(form->terms.size(), 1U);
    EXPECT_EQ(form->terms[0].scale.kind, TraceFactor::kNumber);
    EXPECT_EQ(form->terms[0].pre, executable.graph.Find("y"));
  }
}

}  // namespace
}  // namespace plgraph
