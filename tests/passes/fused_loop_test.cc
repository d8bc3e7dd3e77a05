// Fused loops over matrices of many rows, which threads share in parts, against the same nodes one after the other, and
// with different numbers of threads.
#include "graph/run/fused_loop.h"

#include <gtest/gtest.h>

#include "core/memory_budget.h"
#include "core/random.h"
#include "graph/compile.h"
#include "graph/ir/check.h"
#include "graph/run/executor.h"
#include "tests/support/plastic_network.h"

namespace plgraph {
namespace {

constexpr std::int64_t kSteps = 4;

struct Case {
  std::string name;
  Rule rule;
  std::int64_t size;
  std::int64_t batch;
};

class FusedLoopOf : public ::testing::TestWithParam<Case> {
 protected:
  Executable Compiled(bool fused_loops) const {
    Graph graph = PlasticNetwork(GetParam().rule, std::monostate{}, GetParam().size);
    Diagnostics diagnostics("test");
    CheckGraph(graph, diagnostics);
    EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.ToString();
    return Compile(
        std::move(graph),
        {.dtype = DType::kDouble, .batch = GetParam().batch, .steps = kSteps, .fused_loops = fused_loops});
  }

  // The loss of each sample, and all gradients.
  static std::vector<double> Results(const Executable& executable, int thread_count) {
    SystemMemory memory;
    ThreadPool threads(thread_count);
    Executor<double> executor(executable, memory, threads);
    const Graph& graph = executable.graph;
    for (int id = 0; id < graph.size(); ++id) {
      const Node& node = graph.node(Value{id});
      if (node.kind != NodeKind::kParameter && node.kind != NodeKind::kInput) continue;
      const std::span<double> target =
          node.kind == NodeKind::kInput ? executor.Input(Value{id}) : executor.Parameter(Value{id});
      const RandomStream random(1, StreamId(node.name));
      for (size_t i = 0; i < target.size(); ++i)
        target[i] = 0.1 * random.Normal(static_cast<std::uint32_t>(i));
    }
    executor.Forward({});
    executor.Backward({});
    std::vector<double> results;
    for (std::int64_t sample = 0; sample < executable.options.batch; ++sample) {
      results.push_back(executor.TermValue(0, sample));
    }
    for (size_t g = 0; g < graph.gradients.size(); ++g) {
      const std::span<const double> gradient = executor.Gradient(g);
      results.insert(results.end(), gradient.begin(), gradient.end());
    }
    return results;
  }
};

TEST_P(FusedLoopOf, ComputesWhatItsNodesComputeOneByOne) {
  const std::vector<double> expected = Results(Compiled(false), 1);
  const std::vector<double> actual = Results(Compiled(true), 3);
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_NEAR(actual[i], expected[i], 1e-11 * std::max(1.0, std::abs(expected[i]))) << i;
  }
}

TEST_P(FusedLoopOf, GivesTheSameBitsWithAnyNumberOfThreads) {
  const Executable executable = Compiled(true);
  const std::vector<double> expected = Results(executable, 1);
  for (const int threads : {2, 3, 5, 8}) EXPECT_EQ(Results(executable, threads), expected) << threads;
}

// 97 rows: two parts; 150: four; 301: sixteen, of 19 rows each but the last.
INSTANTIATE_TEST_SUITE_P(Networks, FusedLoopOf,
                         ::testing::Values(Case{"Small", kHebb, 20, 1}, Case{"TwoParts", kHebb, 97, 1},
                                           Case{"FourParts", kHebb, 150, 1}, Case{"ManyParts", kHebb, 301, 1},
                                           Case{"Oja", kOja, 150, 1}, Case{"Modulated", kModulated, 301, 1},
                                           Case{"Groups", kHebb, 700, 3}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace plgraph
