// The order of loops: what passes over the same matrices passes over them together, once per round.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "graph/compile.h"
#include "graph/ir/check.h"
#include "graph/ir/infer.h"
#include "graph/plan/fusion.h"
#include "graph/plan/loop_plan.h"
#include "tests/support/graph_maker.h"
#include "tests/support/plastic_network.h"

namespace plgraph {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

Executable Compiled(Graph graph, bool training = true) {
  Diagnostics diagnostics("test");
  CheckGraph(graph, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.ToString();
  return Compile(std::move(graph), CompileOptions{.training = training, .batch = 2, .steps = 4});
}

// The ops of each fused loop of a loop; those of the round before with a minus.
std::vector<std::vector<std::string>> FusedLoops(const Executable& executable, Phase loop) {
  std::vector<std::vector<std::string>> fused_loops;
  for (const std::span<const ScheduledNode> members : FusedLoopsOf(executable.schedule.order(loop))) {
    fused_loops.emplace_back();
    for (const ScheduledNode& scheduled : members) {
      fused_loops.back().push_back((scheduled.pipelined ? "-" : "") +
                                   std::string(executable.graph.node(scheduled.node).op->name));
    }
  }
  return fused_loops;
}

TEST(LoopOrder, UpdatesATraceInThePassThatReadsIt) {
  for (const bool training : {true, false}) {
    const Executable executable = Compiled(PlasticNetwork(kHebb), training);
    EXPECT_THAT(FusedLoops(executable, Phase::kStep),
                ElementsAre(ElementsAre("-DecayedOuter", "PlasticMatMul")));
  }
}

TEST(LoopOrder, PassesOnceOverTheTraceAndItsGradientInTheBackwardPass) {
  EXPECT_THAT(FusedLoops(Compiled(PlasticNetwork(kHebb)), Phase::kStepAdjoint),
              ElementsAre(UnorderedElementsAre("-PlasticMatMulTransposed", "-OuterSum", "-DecayedOuter",
                                               "MatMul", "MatMul", "Invert", "Dot")));
  EXPECT_THAT(FusedLoops(Compiled(PlasticNetwork(kOja)), Phase::kStepAdjoint),
              ElementsAre(UnorderedElementsAre("-PlasticMatMulTransposed", "-OuterSum", "-DecayedOuter",
                                               "MatMul", "MatMul", "Invert", "Mul", "SumTo")));
  EXPECT_THAT(FusedLoops(Compiled(PlasticNetwork(kModulated, 0.5)), Phase::kStepAdjoint),
              ElementsAre(UnorderedElementsAre("-PlasticMatMulTransposed", "-OuterSum", "-DecayedOuter",
                                               "MatMul", "MatMul", "ClampGradient")));
}

TEST(LoopOrder, KeepsOneTracePerSampleWhereItCanBeInverted) {
  const Executable executable = Compiled(PlasticNetwork(kHebb));
  const Value hebb = executable.graph.Find("hebb");
  EXPECT_EQ(executable.memory.placements[hebb].slots, 1);
  const Value after = executable.graph.Find("hebb/after");
  EXPECT_EQ(executable.memory.placements[after].slots, 1);
  const Value clipped = Compiled(PlasticNetwork(kHebb, 0.5)).graph.Find("hebb");
  EXPECT_EQ(Compiled(PlasticNetwork(kHebb, 0.5)).memory.placements[clipped].slots, 5);
}

TEST(LoopOrder, PipelinesNothingWhereThatSavesNoPass) {
  GraphMaker m;
  const Value x = m.Input("x", {3});
  const Value w = m.Parameter("w", {3, 3});
  const Value y = m.AddState("y", {3});
  const Value y_next =
      m.Op("y_next", "Tanh", {m.Op("drive", "Add", {m.Op("recurrent", "MatMul", {y, w}), x})});
  m.Next(y, y_next);
  m.Loss(m.Op("error", "Sum", {y_next}, {std::monostate{}}));
  const Executable executable = Compiled(std::move(m.graph));
  for (const Phase loop : {Phase::kStep, Phase::kStepAdjoint}) {
    for (const ScheduledNode& scheduled : executable.schedule.order(loop)) {
      EXPECT_FALSE(scheduled.pipelined);
      EXPECT_EQ(scheduled.fused_loop, -1);
    }
  }
}

TEST(LoopTiling, CoversAllRowsInTilesAndPartsThatAreNotEmpty) {
  for (const std::int64_t rows : {1, 3, 37, 100, 961, 5000}) {
    for (const std::int64_t samples : {1, 7}) {
      GraphMaker m;
      const Value a = m.Input("a", {rows, 31});
      const Value b = m.Op("b", "Square", {a});
      InferShapes(m.graph);
      const std::vector<ScheduledNode> members = {{.node = b, .fused_loop = 0}};
      const LoopTiling tiling = TileLoop(m.graph, members, KernelCallsOf(m.graph, members),
                                         {.groups = 1, .samples = samples}, DType::kFloat);
      EXPECT_EQ(tiling.rows, rows);
      EXPECT_GE(tiling.tiles * tiling.tile_rows, rows);
      EXPECT_LT((tiling.tiles - 1) * tiling.tile_rows, rows);
      EXPECT_GE(tiling.parts, 1);
      EXPECT_LE(tiling.parts, tiling.tiles);
    }
  }
}

// A batch of networks of `size` neurons over 100 steps.
LoopSplit SplitOf(std::int64_t size, std::int64_t batch) {
  GraphMaker m;
  const Value x = m.Input("x", {size});
  const Value hebb = m.AddState("hebb", {size, size});
  const Value w = m.Parameter("w", {size, size});
  const Value read = m.Op("read", "PlasticMatMul", {x, w, m.Parameter("alpha", {size, size}), hebb});
  m.Next(hebb, m.Op("next", "HebbianTrace", {hebb, x, read, {}, m.Input("rate", {}), {}}, {kModulated, {}}));
  m.Metric("sum", m.Op("sum", "Sum", {read}, {std::monostate{}}));
  Diagnostics diagnostics("test");
  CheckGraph(m.graph, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.ToString();
  return Compile(std::move(m.graph), {.training = false, .batch = batch, .steps = 100}).loops.forward.split;
}

TEST(LoopSplit, GivesSamplesThatFitACacheToGroups) {
  const auto expect = [](const LoopSplit& split, std::int64_t groups, std::int64_t samples) {
    EXPECT_EQ(split.groups, groups);
    EXPECT_EQ(split.samples, samples);
  };
  expect(SplitOf(100, 1), 1, 1);
  expect(SplitOf(100, 2), 2, 1);
  expect(SplitOf(100, 32), 8, 4);
  expect(SplitOf(100, 512), 16, 11);  // 32 in a sample group, in three groups
  expect(SplitOf(10, 4), 1, 4);       // too little work for two threads
  expect(SplitOf(1000, 8), 1, 3);  // the threads share the rows; so many matrices fit the cache of all cores
  expect(SplitOf(2000, 8), 1, 8);  // not one fits: all samples share what has no samples
}

// What passes within the loop shares memory with what passes before it, which another sample group may be at.
TEST(LoopSplit, GivesLanesMemoryOfTheirOwn) {
  Graph graph = PlasticNetwork(kModulated, 0.5);
  Diagnostics diagnostics("test");
  CheckGraph(graph, diagnostics);
  const Executable executable = Compile(std::move(graph), {.batch = 50, .steps = 1000});
  for (const Phase loop : {Phase::kStep, Phase::kStepAdjoint}) {
    const LoopSplit& split = executable.loop(loop).split;
    ASSERT_GT(split.groups, 1);
    std::vector<Placement> passing;
    for (const ScheduledNode& scheduled : executable.schedule.order(loop)) {
      const Placement& placement = executable.memory.placements[scheduled.node];
      if (placement.group_stride > 0) passing.push_back(placement);
    }
    ASSERT_FALSE(passing.empty());
    const auto by_offset = [](const Placement& a, const Placement& b) { return a.offset < b.offset; };
    const std::int64_t begin = std::min_element(passing.begin(), passing.end(), by_offset)->offset;
    for (const Placement& placement : passing) {
      EXPECT_LE(placement.offset + placement.slots * placement.slot_stride, begin + placement.group_stride);
      EXPECT_GE(placement.slot_stride, placement.instance_stride * (50 / split.groups));
    }
  }
}

// The op whose kernel does a member of the first fused loop of a loop together with those that follow, and how many.
std::string FusedFrom(const Executable& executable, Phase loop, size_t member) {
  const std::span<const ScheduledNode> fused_loop =
      FusedLoopsOf(executable.schedule.order(loop)).front().subspan(member);
  const Fusion* fusion = FindFusion(executable.graph, fused_loop);
  if (fusion == nullptr) return "none";
  return std::string(fusion->members.front().op) + " " + std::to_string(fusion->members.size());
}

TEST(Fusion, DoesAnUpdateAndItsReadTogetherAndAWholeStepBack) {
  const Executable executable = Compiled(PlasticNetwork(kHebb));
  EXPECT_EQ(FusedFrom(executable, Phase::kStep, 0), "DecayedOuter 2");
  EXPECT_EQ(FusedFrom(executable, Phase::kStep, 1), "none");
  EXPECT_EQ(FusedFrom(executable, Phase::kStepAdjoint, 0), "PlasticMatMulTransposed 7");
  EXPECT_EQ(FusedFrom(executable, Phase::kStepAdjoint, 1), "none");
}

TEST(Fusion, NeedsTheSameValuesAndScalarFactors) {
  EXPECT_EQ(FusedFrom(Compiled(PlasticNetwork(kOja)), Phase::kStep, 0), "none");  // one decay a column
  EXPECT_EQ(FusedFrom(Compiled(PlasticNetwork(kModulated, 1.0)), Phase::kStep, 0),
            "none");  // clipped before it is read
  EXPECT_EQ(FusedFrom(Compiled(PlasticNetwork(kModulated)), Phase::kStep, 0), "DecayedOuter 2");
  EXPECT_EQ(FusedFrom(Compiled(PlasticNetwork(kModulated)), Phase::kStepAdjoint, 0), "none");  // no decay
}

TEST(Fusion, TellsTheValuesOfTwoStepsApart) {
  Executable executable = Compiled(PlasticNetwork(kHebb));
  std::vector<ScheduledNode> order(FusedLoopsOf(executable.schedule.order(Phase::kStep)).front().begin(),
                                   FusedLoopsOf(executable.schedule.order(Phase::kStep)).front().end());
  order[0].pipelined = false;  // the read would then be of the trace before the update
  EXPECT_EQ(FindFusion(executable.graph, order), nullptr);
}

}  // namespace
}  // namespace plgraph
