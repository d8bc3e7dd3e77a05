// Traces that are recomputed in the backward pass: the gradient is, bit for bit, that of a run which keeps every step.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/memory_budget.h"
#include "core/random.h"
#include "graph/compile.h"
#include "graph/ir/check.h"
#include "graph/ir/text.h"
#include "graph/run/executor.h"
#include "tests/support/graph_maker.h"
#include "tests/support/random_model.h"

namespace plgraph {
namespace {

enum Rule : std::int64_t { kHebb, kOja, kModulated, kRetroactive };

// y' = tanh(y (w + alpha o H) + x), H under a rule with a clip that is reached, E under HEBB for RETROACTIVE.
Graph Clipped(Rule rule, std::int64_t size) {
  GraphMaker m;
  const Value x = m.Input("x", {size});
  const Value w = m.Parameter("w", {size, size});
  const Value alpha = m.Parameter("alpha", {size, size});
  const Value rate = m.Parameter("rate", {});
  const Value start = m.Parameter("start", {size, size});
  const Value y = m.AddState("y", {size});
  const Value hebb = m.AddState("hebb", {size, size});
  const Value recurrent = m.Op("recurrent", "PlasticMatMul", {y, w, alpha, hebb});
  const Value y_next = m.Op("y_next", "Tanh", {m.Op("drive", "Add", {recurrent, x})});
  const Value modulation = m.Op("modulation", "Sum", {m.Op("votes", "Mul", {y_next, x})}, {std::monostate{}});
  std::vector<Value> operands = {hebb, y, y_next, rate, {}, {}};
  if (rule == kModulated) operands = {hebb, y, y_next, {}, modulation, {}};
  if (rule == kRetroactive) {
    const Value eligibility = m.AddState("eligibility", {size, size});
    m.Next(eligibility, m.Op("eligibility_next", "HebbianTrace", {eligibility, y, y_next, rate, {}, {}},
                             {std::int64_t{kHebb}, std::monostate{}}));
    operands = {hebb, {}, {}, {}, modulation, eligibility};
  }
  m.Next(y, y_next).initial_constant = 0.1;
  m.Next(hebb, m.Op("hebb_next", "HebbianTrace", operands, {std::int64_t{rule}, 0.2})).initial = start;
  m.Loss(m.Op("error", "SquaredError", {y_next, x}, {std::int64_t{0}}), TermAt::kEveryStep);
  return std::move(m.graph);
}

Graph Checked(Graph graph) {
  Diagnostics diagnostics("test");
  CheckGraph(graph, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.ToString();
  return graph;
}

std::vector<std::string> RecomputedNames(const Graph& graph) {
  std::vector<std::string> names;
  for (int id = 0; id < graph.size(); ++id) {
    if (graph.node(Value{id}).recomputed) names.push_back(graph.node(Value{id}).name);
  }
  return names;
}

// Keeps every step of what is recomputed otherwise.
Executable Taped(const Graph& graph, CompileOptions options, const std::vector<std::string>& recomputed) {
  options.outputs = recomputed;
  Executable taped = Compile(graph, options);
  EXPECT_EQ(taped.memory.interval, 0);
  EXPECT_TRUE(RecomputedNames(taped.graph).empty());
  return taped;
}

template <typename T>
void FillSources(Executor<T>& executor, std::uint64_t seed, double scale) {
  const Graph& graph = executor.executable().graph;
  for (int id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(Value{id});
    std::span<T> numbers;
    if (node.kind == NodeKind::kParameter) numbers = executor.Parameter(Value{id});
    if (node.kind == NodeKind::kInput) numbers = executor.Input(Value{id});
    const RandomStream random(seed, StreamId(node.name));
    for (size_t i = 0; i < numbers.size(); ++i) {
      numbers[i] = static_cast<T>(scale * random.Normal(static_cast<std::uint32_t>(i)));
    }
  }
}

// The gradients of some windows, of which each goes on from the one before, one behind the other. `scale`: of the
// parameters and inputs; those of a long run must be small, or its gradient is beyond all numbers.
template <typename T>
std::vector<T> Gradients(const Executable& executable, int thread_count, int windows = 1,
                         double scale = 0.3) {
  SystemMemory memory;
  ThreadPool threads(thread_count);
  Executor<T> executor(executable, memory, threads);
  FillSources(executor, 5, scale);
  std::vector<T> gradients;
  for (int window = 0; window < windows; ++window) {
    const RunContext context = {.first_step = window * executable.options.steps,
                                .continue_states = window > 0,
                                .last_window = window + 1 == windows};
    executor.Forward(context);
    executor.Backward(context);
    for (size_t g = 0; g < executable.graph.gradients.size(); ++g) {
      const std::span<const T> gradient = executor.Gradient(g);
      gradients.insert(gradients.end(), gradient.begin(), gradient.end());
    }
  }
  return gradients;
}

template <typename T>
void ExpectSameBits(const std::vector<T>& recomputed, const std::vector<T>& taped, const std::string& where) {
  ASSERT_EQ(recomputed.size(), taped.size()) << where;
  T sum = 0;
  for (size_t i = 0; i < taped.size(); ++i) {
    ASSERT_EQ(recomputed[i], taped[i]) << where << ", number " << i;
    sum += std::abs(taped[i]);
  }
  EXPECT_GT(sum, 0) << where;
}

// Some random networks grow beyond every number.
bool AreFinite(const std::vector<float>& numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [](float x) { return std::isfinite(x); });
}

struct Case {
  Rule rule;
  std::int64_t size;
  std::int64_t steps;
  std::int64_t batch;
  double scale = 0.3;
};

template <typename T>
void ExpectRecomputedEqualsTape(const Case& c) {
  const Graph graph = Checked(Clipped(c.rule, c.size));
  const CompileOptions options = {.dtype = kDTypeOf<T>, .batch = c.batch, .steps = c.steps};
  const Executable recomputed = Compile(graph, options);
  EXPECT_LT(recomputed.memory.interval, c.steps / 2);
  const Executable taped = Taped(graph, options, RecomputedNames(recomputed.graph));
  const std::vector<T> expected = Gradients<T>(taped, 1, 1, c.scale);
  for (const int threads : {1, 2}) {
    ExpectSameBits(Gradients<T>(recomputed, threads, 1, c.scale), expected,
                   "rule " + std::to_string(c.rule) + ", size " + std::to_string(c.size) + ", steps " +
                       std::to_string(c.steps) + ", batch " + std::to_string(c.batch));
  }
}

TEST(Recompute, GivesTheGradientOfTheTape) {
  for (const Rule rule : {kHebb, kOja, kModulated, kRetroactive}) {
    for (const std::int64_t batch : {1, 3}) {
      for (const std::int64_t steps : {20, 23, 24, 25, 36, 97, 100}) {
        ExpectRecomputedEqualsTape<float>({rule, 5, steps, batch});
        ExpectRecomputedEqualsTape<double>({rule, 5, steps, batch});
      }
    }
  }
}

// Snapshots within an outer interval are recomputed too.
TEST(Recompute, GivesTheGradientOfTheTapeOfALongRun) {
  constexpr double kSmall = 0.1;
  for (const Rule rule : {kHebb, kOja, kModulated, kRetroactive}) {
    for (const std::int64_t steps : {1025, 1056, 1057, 2113, 3200}) {
      ExpectRecomputedEqualsTape<float>({rule, 3, steps, 1, kSmall});
    }
  }
  ExpectRecomputedEqualsTape<double>({kRetroactive, 4, 2200, 3, kSmall});
  ExpectRecomputedEqualsTape<float>({kModulated, 20, 2100, 4, kSmall});    // in sample groups
  ExpectRecomputedEqualsTape<float>({kRetroactive, 91, 2100, 1, kSmall});  // in parts
}

// Where fused loops go over the matrices in parts, some samples after the others.
TEST(Recompute, GivesTheGradientOfTheTapeInParts) {
  for (const Rule rule : {kModulated, kRetroactive}) {
    for (const std::int64_t batch : {1, 3}) {
      ExpectRecomputedEqualsTape<float>({rule, 130, 29, batch});
      ExpectRecomputedEqualsTape<double>({rule, 130, 29, batch});
    }
  }
}

TEST(Recompute, GoesOnFromWindowToWindow) {
  const Graph graph = Checked(Clipped(kRetroactive, 7));
  const CompileOptions options = {.batch = 2, .steps = 31, .continued = true};
  const Executable recomputed = Compile(graph, options);
  EXPECT_GT(recomputed.memory.interval, 0);
  const Executable taped = Taped(graph, options, RecomputedNames(recomputed.graph));
  ExpectSameBits(Gradients<float>(recomputed, 2, 4), Gradients<float>(taped, 1, 4), "windows");
}

TEST(Recompute, TakesStatesThatAreKept) {
  Graph graph = Clipped(kModulated, 6);
  for (State& state : graph.states) state.kept = true;
  graph = Checked(std::move(graph));
  const CompileOptions options = {.steps = 50};
  const Executable recomputed = Compile(graph, options);
  EXPECT_GT(recomputed.memory.interval, 0);
  const Executable taped = Taped(graph, options, RecomputedNames(recomputed.graph));
  ExpectSameBits(Gradients<float>(recomputed, 1, 3), Gradients<float>(taped, 1, 3), "kept states");
}

// A plan may run with other steps than it was compiled for.
TEST(Recompute, RunsAnyNumberOfSteps) {
  for (const Rule rule : {kModulated, kRetroactive}) {
    const Graph graph = Checked(Clipped(rule, 5));
    const Graph compiled = Compile(graph, CompileOptions{.steps = 100}).graph;
    for (std::int64_t steps = 1; steps <= 14; ++steps) {
      const CompileOptions options = {.batch = 2, .steps = steps};
      const Executable recomputed = PlanExecution(compiled, options);
      EXPECT_GT(recomputed.memory.interval, 0);
      ExpectSameBits(Gradients<float>(recomputed, 1),
                     Gradients<float>(Taped(graph, options, RecomputedNames(compiled)), 1),
                     std::to_string(steps) + " steps");
    }
  }
}

// The networks in which the first numbers of an outer interval are still read when the outer interval before it is
// recomputed.
TEST(Recompute, PutsAsideWhatIsReadWhenItIsOverwritten) {
  int seen = 0;
  for (std::uint64_t seed = 0; seed < 1200; ++seed) {
    const Graph graph = Checked(RandomModel(seed).Take());
    // The backward pass should get there before its numbers are too small to matter.
    const std::int64_t outer_interval = Compile(graph, {.steps = 2000}).memory.outer_interval;
    const CompileOptions options = {.batch = 2, .steps = outer_interval + 3};
    const Executable recomputed = Compile(graph, options);
    const NodeMap<std::int64_t>& asides = recomputed.memory.asides;
    if (std::all_of(asides.begin(), asides.end(), [](std::int64_t offset) { return offset < 0; })) continue;
    const Executable taped = Taped(graph, options, RecomputedNames(recomputed.graph));
    const std::vector<float> expected = Gradients<float>(taped, 1, 1, 0.2);
    if (!AreFinite(expected)) continue;
    ++seen;
    ExpectSameBits(Gradients<float>(recomputed, 2, 1, 0.2), expected, std::to_string(seed));
  }
  EXPECT_GE(seen, 4);
}

TEST(Recompute, GivesTheGradientOfTheTapeOfRandomNetworks) {
  int seen = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Graph graph = Checked(RandomModel(seed).Take());
    const CompileOptions options = {.batch = 1 + static_cast<std::int64_t>(seed % 3),
                                    .steps = 20 + static_cast<std::int64_t>(seed % 17)};
    const Executable recomputed = Compile(graph, options);
    if (recomputed.memory.interval == 0) continue;
    const Executable taped = Taped(graph, options, RecomputedNames(recomputed.graph));
    const std::vector<float> expected = Gradients<float>(taped, 1);
    if (!AreFinite(expected)) continue;
    ++seen;
    const std::vector<float> actual = Gradients<float>(recomputed, 2);
    ASSERT_EQ(actual, expected) << "seed " << seed << "\n" << ToText(recomputed.graph);
  }
  EXPECT_GT(seen, 30);
}

// What the traces of a thousand steps take is the root of the steps, and that of ten thousand no more but for
// snapshots as small as the vectors of the steps between them.
TEST(Recompute, TakesAFractionOfTheMemory) {
  const Graph graph = Checked(Clipped(kRetroactive, 50));
  const CompileOptions options = {.steps = 1000};
  const Executable recomputed = Compile(graph, options);
  const Executable taped = Taped(graph, options, RecomputedNames(recomputed.graph));
  EXPECT_LT(8 * recomputed.memory.section(Section::kSaved), taped.memory.section(Section::kSaved));
  const Executable longer = Compile(graph, {.steps = 10000});
  const std::int64_t vectors = 4 * 50 * 9000;
  EXPECT_LT(longer.memory.section(Section::kSaved), recomputed.memory.section(Section::kSaved) + vectors);
}

}  // namespace
}  // namespace plgraph
