// Phases of many instances: what works instance by instance goes through the instances of some steps at a time, with
// the losses and the gradients of the plain interpreter, in a memory that does not grow with the steps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "core/memory_budget.h"
#include "core/random.h"
#include "graph/compile.h"
#include "graph/ir/check.h"
#include "graph/run/executor.h"
#include "tests/support/graph_maker.h"
#include "tests/support/interpreter.h"

namespace plgraph {
namespace {

constexpr std::int64_t kPixels = 2048;  // so large that a block is some tens of instances
constexpr std::int64_t kCore = 3;
constexpr std::int64_t kSteps = 50;
constexpr std::int64_t kBatch = 4;

// An encoder ahead of the loop, a recurrent core, a decoder behind it, and terms of every kind.
Graph EncoderCoreDecoder() {
  GraphMaker m;
  const Value image = m.Input("image", {kPixels});
  const Value weight = m.Input("weight", {});
  const Value encode = m.Parameter("encode", {kPixels, kCore});
  const Value offset = m.Parameter("offset", {kPixels});
  const Value recur = m.Parameter("recur", {kCore, kCore});
  const Value decode = m.Parameter("decode", {kCore, kPixels});
  const Value y = m.AddState("y", {kCore});
  const Value moved = m.Op("moved", "Tanh", {m.Op("sum", "Add", {image, offset})});
  const Value code = m.Op("code", "MatMul", {moved, encode});
  const Value next =
      m.Op("y_next", "Tanh", {m.Op("drive", "Add", {code, m.Op("back", "MatMul", {y, recur})})});
  m.Next(y, next);
  const Value restored = m.Op("restored", "Sigmoid", {m.Op("decoded", "MatMul", {next, decode})});
  const Value error = m.Op("error", "MeanSquaredError", {restored, image});
  m.Loss(error, TermAt::kEveryStep);
  m.Loss(m.Op("last", "MeanSquaredError", {restored, image}), TermAt::kLastStep);
  m.Loss(m.Op("some", "SquaredError", {restored, image}, {std::int64_t{0}}), TermAt::kWeighted, weight, 1e-4);
  Diagnostics diagnostics("test");
  CheckGraph(m.graph, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.ToString();
  return std::move(m.graph);
}

CompileOptions Options(std::int64_t steps, bool training = true) {
  CompileOptions options;
  options.training = training;
  options.dtype = DType::kDouble;
  options.batch = kBatch;
  options.steps = steps;
  return options;
}

std::set<int> BlocksOf(const Executable& executable, Phase phase) {
  std::set<int> blocks;
  for (const ScheduledNode& scheduled : executable.schedule.order(phase)) {
    if (scheduled.block >= 0) blocks.insert(scheduled.block);
  }
  return blocks;
}

class InstanceBlocks : public ::testing::Test {
 protected:
  void Fill(Executor<double>& executor, Interpreter& interpreter) const {
    for (int id = 0; id < graph_.size(); ++id) {
      const Node& node = graph_.node(Value{id});
      if (node.kind != NodeKind::kParameter && node.kind != NodeKind::kInput) continue;
      const Value value = executor.executable().graph.Find(node.name);
      const std::span<double> numbers =
          node.kind == NodeKind::kInput ? executor.Input(value) : executor.Parameter(value);
      const RandomStream random(5, StreamId(node.name));
      const double scale = node.name == "encode" ? 0.02 : 0.5;
      for (size_t i = 0; i < numbers.size(); ++i) {
        numbers[i] = scale * random.Normal(static_cast<std::uint32_t>(i));
      }
      interpreter.Set(node.name, {numbers.begin(), numbers.end()});
    }
  }

  const Graph graph_ = EncoderCoreDecoder();
  SystemMemory memory_;
};

TEST_F(InstanceBlocks, StandInEveryPhaseOfManyInstances) {
  const Executable executable = Compile(graph_, Options(kSteps));
  for (const Phase phase : {Phase::kAhead, Phase::kAfter, Phase::kAheadAdjoint}) {
    EXPECT_THAT(BlocksOf(executable, phase), ::testing::Not(::testing::IsEmpty())) << NameOf(phase);
  }
  for (const std::int64_t steps : executable.schedule.block_steps) {
    EXPECT_GT(steps, 1);
    EXPECT_LT(steps, kSteps);
    EXPECT_NE(kSteps % steps, 0) << "the last instances of the test should be fewer";
  }
}

TEST_F(InstanceBlocks, OfFewInstancesDoNotPay) {
  const Executable executable = Compile(graph_, Options(2));
  EXPECT_THAT(executable.schedule.block_steps, ::testing::IsEmpty());
}

TEST_F(InstanceBlocks, ComputeWhatTheInterpreterComputes) {
  const Executable executable = Compile(graph_, Options(kSteps));
  ThreadPool threads(2);
  Executor<double> executor(executable, memory_, threads);
  Interpreter interpreter(graph_, kBatch, kSteps);
  Fill(executor, interpreter);
  interpreter.Run();
  executor.Forward({});
  executor.Backward({});
  for (size_t i = 0; i < graph_.terms.size(); ++i) {
    double mean = 0;
    for (std::int64_t b = 0; b < kBatch; ++b) mean += executor.TermValue(i, b) / kBatch;
    EXPECT_NEAR(mean, interpreter.TermMean(i), 1e-11 * std::abs(mean)) << i;
  }
  for (size_t g = 0; g < executable.graph.gradients.size(); ++g) {
    const std::string name = executable.graph.node(executable.graph.gradients[g].parameter).name;
    const double expected = interpreter.FiniteDifference(name, 1);
    EXPECT_NEAR(executor.Gradient(g)[1], expected, 1e-7 * std::max(0.01, std::abs(expected))) << name;
  }
}

TEST_F(InstanceBlocks, NeedNoMoreMemoryForMoreSteps) {
  const auto scratch = [&](std::int64_t steps) {
    return Compile(graph_, Options(steps, false)).memory.section(Section::kScratch);
  };
  const std::int64_t numbers_a_step = kBatch * (kCore + 4);  // the code, and what the losses are summed from
  EXPECT_LT(scratch(100 * kSteps) - scratch(kSteps), 99 * kSteps * numbers_a_step);
}

}  // namespace
}  // namespace plgraph
