// The compiled graph against the plain interpreter, on random recurrent plastic networks: losses, every value of the
// forward pass, and gradients against finite differences of the interpreter. The seed of a failure is printed.
#include <gtest/gtest.h>

#include <cmath>

#include "core/memory_budget.h"
#include "graph/compile.h"
#include "graph/ir/check.h"
#include "graph/ir/text.h"
#include "graph/run/executor.h"
#include "tests/support/interpreter.h"
#include "tests/support/random_model.h"

namespace plgraph {
namespace {

struct Case {
  std::uint64_t seed;
  std::int64_t batch;
  std::int64_t steps;
};

class Comparison {
 public:
  // Compiled for `compiled_steps`, if that is not 0, and run with those of the case.
  explicit Comparison(const Case& c, bool training = true, std::int64_t compiled_steps = 0,
                      bool fused_loops = true)
      : case_(c), graph_(Checked(RandomModel(c.seed).Take())), interpreter_(graph_, c.batch, c.steps) {
    CompileOptions options;
    options.training = training;
    options.dtype = DType::kDouble;
    options.batch = c.batch;
    options.fused_loops = fused_loops;
    options.steps = c.steps;
    if (compiled_steps > 0) options.steps = compiled_steps;
    executable_ = Compile(graph_, options);
    options.steps = c.steps;
    if (compiled_steps > 0) executable_ = PlanExecution(executable_.graph, options);
    executor_ = std::make_unique<Executor<double>>(executable_, memory_, threads_);
    FillSources();
  }

  void CheckLosses() {
    interpreter_.Run();
    executor_->Forward({});
    for (size_t i = 0; i < graph_.terms.size(); ++i) {
      double mean = 0;
      for (std::int64_t b = 0; b < case_.batch; ++b)
        mean += executor_->TermValue(i, b) / static_cast<double>(case_.batch);
      const double expected = interpreter_.TermMean(i);
      EXPECT_NEAR(mean, expected, 1e-11 * std::max(1.0, std::abs(expected))) << "term " << i << Where();
    }
  }

  void CheckGradients() {
    executor_->Forward({});
    executor_->Backward({});
    const Graph& compiled = executable_.graph;
    for (size_t g = 0; g < compiled.gradients.size(); ++g) {
      const std::string name = compiled.node(compiled.gradients[g].parameter).name;
      const std::span<const double> gradient = executor_->Gradient(g);
      const size_t size = interpreter_.Given(name).size();
      for (size_t i = 0; i < std::min<size_t>(size, 5); ++i) {
        const double expected = interpreter_.FiniteDifference(name, i);
        const double actual = gradient.empty() ? 0 : gradient[i];
        EXPECT_NEAR(actual, expected, 1e-7 * std::max(1.0, std::abs(expected)))
            << name << "[" << i << "]" << Where();
      }
    }
  }

 private:
  static Graph Checked(Graph graph) {
    Diagnostics diagnostics("random");
    CheckGraph(graph, diagnostics);
    EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.ToString();
    return graph;
  }

  std::string Where() const {
    return "; seed " + std::to_string(case_.seed) + "\n" + ToText(graph_) + "\n" + ToText(executable_.graph);
  }

  void FillSources() {
    const Graph& compiled = executable_.graph;
    for (int id = 0; id < graph_.size(); ++id) {
      const Node& node = graph_.node(Value{id});
      if (node.kind != NodeKind::kParameter && node.kind != NodeKind::kInput) continue;
      const RandomStream random(case_.seed, StreamId(node.name));
      const Value value = compiled.Find(node.name);
      const std::span<double> target =
          node.kind == NodeKind::kInput ? executor_->Input(value) : executor_->Parameter(value);
      for (size_t i = 0; i < target.size(); ++i)
        target[i] = 0.5 * random.Normal(static_cast<std::uint32_t>(i));
      interpreter_.Set(node.name, {target.begin(), target.end()});
    }
  }

  Case case_;
  Graph graph_;
  Interpreter interpreter_;
  Executable executable_;
  SystemMemory memory_;
  ThreadPool threads_{2};
  std::unique_ptr<Executor<double>> executor_;
};

TEST(CompiledGraph, ComputesWhatTheInterpreterComputes) {
  for (std::uint64_t seed = 0; seed < 300 && !::testing::Test::HasFailure(); ++seed) {
    Comparison({seed, 1 + static_cast<std::int64_t>(seed % 3), 1 + static_cast<std::int64_t>(seed % 5)})
        .CheckLosses();
  }
}

TEST(CompiledGraph, ComputesTheSameWithoutTheAdjoint) {
  for (std::uint64_t seed = 0; seed < 100 && !::testing::Test::HasFailure(); ++seed) {
    Comparison({seed, 2, 4}, /*training=*/false).CheckLosses();
  }
}

TEST(CompiledGraph, HasTheGradientOfTheInterpreter) {
  for (std::uint64_t seed = 0; seed < 200 && !::testing::Test::HasFailure(); ++seed) {
    Comparison({seed, 1 + static_cast<std::int64_t>(seed % 3), 1 + static_cast<std::int64_t>(seed % 4)})
        .CheckGradients();
  }
}

// Traces are recomputed where the steps are many.
TEST(CompiledGraph, HasTheGradientOfTheInterpreterWhereTracesAreRecomputed) {
  for (std::uint64_t seed = 0; seed < 100 && !::testing::Test::HasFailure(); ++seed) {
    Comparison({seed, 1 + static_cast<std::int64_t>(seed % 2), 4 + static_cast<std::int64_t>(seed % 5)},
               /*training=*/true, /*compiled_steps=*/100)
        .CheckGradients();
  }
}

// As a run is done again in order to look at each node.
TEST(CompiledGraph, ComputesTheSameWithoutFusedLoops) {
  for (std::uint64_t seed = 0; seed < 60 && !::testing::Test::HasFailure(); ++seed) {
    Comparison without({seed, 1 + static_cast<std::int64_t>(seed % 3), 4}, /*training=*/true,
                       /*compiled_steps=*/seed % 2 == 0 ? 0 : 100, /*fused_loops=*/false);
    without.CheckLosses();
    without.CheckGradients();
  }
}

}  // namespace
}  // namespace plgraph
