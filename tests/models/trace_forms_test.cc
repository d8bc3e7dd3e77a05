// Every form that the compiler gives a trace (a matrix that is kept, inverted or recomputed, or a sum over past updates)
// has the same losses and gradients as the others; and which form models get that read a trace in several ways.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <ostream>
#include <set>
#include <utility>

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
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Passes = std::set<std::string>;

enum Rule : std::int64_t { kHebb, kOja, kModulated, kRetroactive, kInstar, kRowDecay };

constexpr std::int64_t kSize = 6;
constexpr ChosenForm kForms[] = {ChosenForm::kKept, ChosenForm::kInverted, ChosenForm::kRecomputed,
                                 ChosenForm::kSum};
constexpr std::int64_t kSteps = 25;  // so many that a trace is recomputed where it cannot be inverted
constexpr std::int64_t kBatch = 2;

Graph Checked(GraphMaker& m) {
  Diagnostics diagnostics("test");
  CheckGraph(m.graph, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.ToString();
  return std::move(m.graph);
}

// How the update H + eta (p q^T - H) is written.
enum Written { kAsRule, kAsScaledSum, kAsDifference, kAsNegative };

// What a trace is reset by, where an input says so.
enum Reset { kNoReset, kByWhere, kByMul, kByGate };

// y' = tanh(y (w + alpha o H) + x), H under a rule.
struct Case {
  Rule rule = kHebb;
  Shape alpha = {};
  bool gated = false;     // the decay of each row is computed
  bool computed = false;  // the rate is, at each step: one number
  Reset reset = kNoReset;
  bool kept = false;     // from run to run
  bool initial = false;  // starts at a parameter
  bool continued = false;
  Written written = kAsRule;
};

// For the name of a test.
void PrintTo(const Case& c, std::ostream* out) {
  *out << "rule " << c.rule << " alpha " << c.alpha.ToString() << " reset " << c.reset << " written "
       << c.written;
  for (const auto& [word, is] :
       {std::pair{"gated", c.gated}, std::pair{"computed", c.computed}, std::pair{"kept", c.kept},
        std::pair{"initial", c.initial}, std::pair{"continued", c.continued}})
    *out << (is ? " " : "") << (is ? word : "");
}

// With eta = 0.2.
Value WrittenUpdate(GraphMaker& m, Written written, Value trace, Value pre, Value post) {
  const auto scale = [&](const std::string& name, Value x, double factor) {
    return m.Op(name, "Scale", {x}, {factor, 0.0});
  };
  const Value outer = m.Op("outer", "Outer", {pre, post});
  const Value step = scale("step", outer, 0.2);
  const Value decayed = scale("decayed", trace, 0.8);
  switch (written) {
    case kAsScaledSum:
      return scale("hebb_next",
                   m.Op("sum", "Add", {scale("twice", decayed, 2), scale("twice_step", step, 2)}), 0.5);
    case kAsDifference:
      return m.Op("hebb_next", "Sub", {decayed, scale("minus", outer, -0.2)});
    default:
      return m.Op("hebb_next", "Sub", {step, scale("grown", trace, -0.8)});
  }
}

// The trace that a step works with.
Value ResetTrace(GraphMaker& m, Reset reset, Value trace, Value y) {
  if (reset == kNoReset) return trace;
  const Value signal = m.Input("reset", {});
  if (reset == kByWhere) return m.Op("hebb_now", "Where", {signal, {}, trace});
  const Value keep = reset == kByMul ? m.Op("keep", "Scale", {signal}, {-1.0, 1.0})
                                     : m.Op("keep", "Sigmoid", {m.Op("sum", "Sum", {y}, {std::monostate{}})});
  return m.Op("hebb_now", "Mul", {keep, trace});
}

Graph Plastic(const Case& c) {
  GraphMaker m;
  const Value x = m.Input("x", {kSize});
  const Value w = m.Parameter("w", {kSize, kSize});
  const Value alpha = m.Parameter("alpha", c.alpha);
  Value rate = m.Op("rate", "Sigmoid", {m.Parameter("rate_logit", {})});
  const Value y = m.AddState("y", {kSize});
  if (c.computed)
    rate = m.Op("rate_now", "Sigmoid", {m.Op("of_y", "Dot", {y, m.Parameter("to_rate", {kSize})})});
  const Value hebb = m.AddState("hebb", {kSize, kSize});
  const Value now = ResetTrace(m, c.reset, hebb, y);
  const Value read = m.Op("read", "PlasticMatMul", {y, w, alpha, now});
  const Value y_next = m.Op("y_next", "Tanh", {m.Op("drive", "Add", {read, x})});
  std::vector<Value> operands = {now, y, y_next, rate, {}, {}, {}};
  if (c.rule == kModulated) operands = {now, y, y_next, {}, m.Op("m", "Dot", {y_next, x}), {}, {}};
  if (c.rule == kRowDecay)
    operands[6] = m.Op("gate", "Sigmoid", {c.gated ? y_next : m.Parameter("logit", {kSize})});
  m.Next(y, y_next);
  const Value start = c.initial ? m.Parameter("hebb_start", {kSize, kSize}) : Value{};
  State& state = m.Next(hebb, c.written != kAsRule ? WrittenUpdate(m, c.written, now, y, y_next)
                                                   : m.Op("hebb_next", "HebbianTrace", operands,
                                                          {std::int64_t{c.rule}, std::monostate{}}));
  state.kept = c.kept;
  state.initial = start;
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

Executable Compiled(const Graph& graph, const Passes& disabled, std::int64_t steps = kSteps,
                    const std::vector<ForcedForm>& forms = {}, bool continued = false) {
  const CompileOptions options = {
      .dtype = DType::kDouble, .batch = kBatch, .steps = steps, .continued = continued, .trace_forms = forms};
  PassControl control;
  control.disabled = disabled;
  return Compile(graph, options, control);
}

void Fill(const std::string& name, std::span<double> numbers) {
  const RandomStream random(5, StreamId(name), 0);
  for (size_t i = 0; i < numbers.size(); ++i) {
    const double uniform = random.Uniform(static_cast<std::uint32_t>(i));
    numbers[i] = name != "reset" ? uniform - 0.5 : uniform < 0.2 ? 1 : 0;
  }
}

// The losses, and all gradients, of two runs, the second of which starts with the kept states of the first.
std::vector<double> NumbersOf(const Executable& executable) {
  SystemMemory memory;
  ThreadPool threads(1);
  Executor<double> executor(executable, memory, threads);
  for (int id = 0; id < executable.graph.size(); ++id) {
    const Node& node = executable.graph.node(Value{id});
    if (node.kind == NodeKind::kParameter) Fill(node.name, executor.Parameter(Value{id}));
    if (node.kind == NodeKind::kInput) Fill(node.name, executor.Input(Value{id}));
  }
  std::vector<double> numbers;
  for (const bool second : {false, true}) {
    const RunContext context = {.continue_states = second && executable.options.continued};
    executor.Forward(context);
    executor.Backward(context);
    for (std::int64_t sample = 0; sample < kBatch; ++sample) numbers.push_back(executor.TermValue(0, sample));
    for (size_t g = 0; g < executable.graph.gradients.size(); ++g) {
      const std::span<const double> gradient = executor.Gradient(g);
      numbers.insert(numbers.end(), gradient.begin(), gradient.end());
    }
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
std::vector<double> NumbersOfTape(const Graph& graph, bool continued = false) {
  return NumbersOf(Compiled(graph, {"sum", "recompute", "invert"}, kSteps, {}, continued));
}

class TraceForms : public ::testing::TestWithParam<Case> {};

// A form that the table allows has the same numbers; another one is refused with the reason.
TEST_P(TraceForms, AgreeWithEachOther) {
  const bool continued = GetParam().continued;
  const Graph graph = Plastic(GetParam());
  const std::vector<double> expected = NumbersOfTape(graph, continued);
  const Executable own = Compiled(graph, {}, kSteps, {}, continued);
  ExpectTheSame(NumbersOf(own), expected);
  ASSERT_EQ(own.graph.trace_choices.size(), 1U);
  for (const ChosenForm form : kForms) {
    SCOPED_TRACE(NameOf(form));
    const std::string& why_not = own.graph.trace_choices[0].option(form).why_not;
    try {
      const Executable forced = Compiled(graph, {}, kSteps, {{"hebb", form}}, continued);
      EXPECT_EQ(why_not, "");
      EXPECT_EQ(forced.graph.trace_choices[0].form, form);
      ExpectTheSame(NumbersOf(forced), expected);
    } catch (const Error& error) {
      EXPECT_NE(why_not, "");
      EXPECT_THAT(error.what(), HasSubstr(why_not));
    }
  }
}

const Shape kMatrix = {kSize, kSize};

// What one row of the table says of the trace "hebb".
std::string WhyNot(ChosenForm form, const Case& c) {
  return Compiled(Plastic(c), {}, kSteps, {}, c.continued).graph.trace_choices.at(0).option(form).why_not;
}

TEST(ChosenForm, OfATraceWhoseOneDecayIsComputedCanBeASum) {
  EXPECT_EQ(WhyNot(ChosenForm::kSum, {.computed = true}), "");
  EXPECT_EQ(WhyNot(ChosenForm::kSum, {.reset = kByGate}), "");
}

TEST(ChosenForm, OfATraceThatDoesNotStartAtZeroCanBeASum) {
  EXPECT_EQ(WhyNot(ChosenForm::kSum, {.kept = true}), "");
  EXPECT_EQ(WhyNot(ChosenForm::kSum, {.rule = kModulated, .initial = true}), "");
  EXPECT_EQ(WhyNot(ChosenForm::kSum, {.continued = true}), "");
}

TEST(ChosenForm, OfATraceThatIsResetCanBeInvertedOrASum) {
  for (const Reset reset : {kByWhere, kByMul}) {
    EXPECT_EQ(WhyNot(ChosenForm::kInverted, {.alpha = kMatrix, .reset = reset}), "");
    EXPECT_EQ(WhyNot(ChosenForm::kSum, {.reset = reset}), "");
  }
}

TEST(ChosenForm, DoesNotDependOnHowAnUpdateIsWritten) {
  for (const Written written : {kAsScaledSum, kAsDifference, kAsNegative}) {
    EXPECT_EQ(WhyNot(ChosenForm::kInverted, {.alpha = kMatrix, .written = written}), "");
    EXPECT_EQ(WhyNot(ChosenForm::kSum, {.written = written}), "");
  }
}

TEST(ChosenForm, SaysWhyNot) {
  EXPECT_EQ(WhyNot(ChosenForm::kSum, {.alpha = kMatrix}), "its plasticity differs from element to element");
  EXPECT_EQ(WhyNot(ChosenForm::kSum, {.rule = kOja}), "its decay is not one number");
  EXPECT_EQ(WhyNot(ChosenForm::kInverted, {.rule = kRowDecay, .alpha = kMatrix, .gated = true}),
            "its decay of each row may become zero at any step");
}

INSTANTIATE_TEST_SUITE_P(Rules, TraceForms,
                         ::testing::Values(Case{.rule = kHebb, .alpha = kMatrix},
                                           Case{.rule = kHebb, .alpha = {kSize}}, Case{.rule = kHebb},
                                           Case{.rule = kOja, .alpha = kMatrix}, Case{.rule = kOja},
                                           Case{.rule = kModulated, .alpha = kMatrix},
                                           Case{.rule = kModulated}, Case{.rule = kInstar, .alpha = kMatrix},
                                           Case{.rule = kInstar, .alpha = {kSize}},
                                           Case{.rule = kRowDecay, .alpha = kMatrix}, Case{.rule = kRowDecay},
                                           Case{.rule = kRowDecay, .alpha = kMatrix, .gated = true},
                                           Case{.rule = kRowDecay, .gated = true},
                                           Case{.rule = kHebb, .alpha = kMatrix, .computed = true},
                                           Case{.rule = kHebb, .alpha = {kSize}, .computed = true},
                                           Case{.rule = kHebb, .computed = true}));

INSTANTIATE_TEST_SUITE_P(
    Resets, TraceForms,
    ::testing::Values(Case{.rule = kHebb, .alpha = kMatrix, .reset = kByWhere},
                      Case{.rule = kHebb, .alpha = kMatrix, .reset = kByMul},
                      Case{.rule = kHebb, .alpha = kMatrix, .reset = kByGate},
                      Case{.rule = kHebb, .reset = kByWhere}, Case{.rule = kHebb, .reset = kByMul},
                      Case{.rule = kHebb, .reset = kByGate},
                      Case{.rule = kHebb, .alpha = {kSize}, .computed = true, .reset = kByGate},
                      Case{.rule = kModulated, .reset = kByMul},
                      Case{.rule = kOja, .alpha = kMatrix, .reset = kByMul},
                      Case{.rule = kHebb, .reset = kByMul, .kept = true}));

INSTANTIATE_TEST_SUITE_P(Written, TraceForms,
                         ::testing::Values(Case{.written = kAsScaledSum}, Case{.written = kAsDifference},
                                           Case{.written = kAsNegative},
                                           Case{.alpha = kMatrix, .written = kAsDifference},
                                           Case{.alpha = kMatrix, .written = kAsNegative}));

INSTANTIATE_TEST_SUITE_P(Starts, TraceForms,
                         ::testing::Values(Case{.rule = kHebb, .kept = true},
                                           Case{.rule = kHebb, .alpha = {kSize}, .kept = true},
                                           Case{.rule = kHebb, .alpha = kMatrix, .kept = true},
                                           Case{.rule = kModulated, .kept = true},
                                           Case{.rule = kHebb, .computed = true, .kept = true},
                                           Case{.rule = kHebb, .initial = true},
                                           Case{.rule = kModulated, .initial = true},
                                           Case{.rule = kHebb, .kept = true, .initial = true},
                                           Case{.rule = kHebb, .continued = true},
                                           Case{.rule = kHebb, .alpha = kMatrix, .continued = true},
                                           Case{.rule = kHebb, .computed = true, .continued = true}));

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
    EXPECT_THAT(MatricesOfLoops(Compiled(Plastic({.rule = rule, .alpha = kMatrix}), {})), Contains("Invert"))
        << rule;
    EXPECT_THAT(MatricesOfLoops(Compiled(Plastic({.rule = rule, .alpha = kMatrix}), {"invert"})),
                Not(Contains("Invert")));
  }
}

TEST(TraceForm, OfRowsThatAGateMayEmptyIsRecomputed) {
  const Executable executable = Compiled(Plastic({.rule = kRowDecay, .alpha = kMatrix, .gated = true}), {});
  EXPECT_THAT(MatricesOfLoops(executable), Not(Contains("Invert")));
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
  const Executable executable = Compiled(Plastic({.rule = kRowDecay, .alpha = kMatrix, .gated = true}), {});
  for (const State& state : executable.graph.states) {
    if (executable.graph.node(state.value).name != "hebb") continue;
    const std::optional<TraceForm> form = TraceFormOf(executable.graph, state, state.next);
    ASSERT_TRUE(form);
    EXPECT_EQ(form->decay.kind(), TraceFactor::kPerRow);
    EXPECT_FALSE(form->decay.constant());
    ASSERT_EQ(form->terms.size(), 1U);
    EXPECT_EQ(form->terms[0].scale.kind(), TraceFactor::kNumber);
    EXPECT_EQ(form->terms[0].pre, executable.graph.Find("y"));
  }
}

}  // namespace
}  // namespace plgraph
