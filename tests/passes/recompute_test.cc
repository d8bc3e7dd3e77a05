// What is recomputed in the backward pass, and where its steps are kept.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "graph/compile.h"
#include "graph/ir/check.h"
#include "graph/ir/text.h"
#include "tests/support/graph_maker.h"

namespace plgraph {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

enum Rule : std::int64_t { kHebb, kOja, kModulated, kRetroactive };

// y' = tanh(y (w + alpha o H) + x), H under a rule, error = |y' - x|^2.
Graph PlasticNetwork(Rule rule, const AttributeValue& clip) {
  GraphMaker m;
  const Value x = m.Input("x", {5});
  const Value w = m.Parameter("w", {5, 5});
  const Value alpha = m.Parameter("alpha", {5, 5});
  const Value rate = m.Parameter("rate", {});
  const Value y = m.AddState("y", {5});
  const Value hebb = m.AddState("hebb", {5, 5});
  const Value recurrent = m.Op("recurrent", "PlasticMatMul", {y, w, alpha, hebb});
  const Value y_next = m.Op("y_next", "Tanh", {m.Op("drive", "Add", {recurrent, x})});
  const Value modulation = m.Op("m", "Dot", {y_next, x});
  std::vector<Value> operands = {hebb, y, y_next, rate, {}, {}};
  if (rule == kModulated) operands = {hebb, y, y_next, {}, modulation, {}};
  if (rule == kRetroactive) {
    const Value eligibility = m.AddState("eligibility", {5, 5});
    m.Next(eligibility, m.Op("eligibility_next", "HebbianTrace", {eligibility, y, y_next, rate, {}, {}},
                             {std::int64_t{kHebb}, std::monostate{}}));
    operands = {hebb, {}, {}, {}, modulation, eligibility};
  }
  m.Next(y, y_next);
  m.Next(hebb, m.Op("hebb_next", "HebbianTrace", operands, {rule, clip}));
  m.Loss(m.Op("error", "SquaredError", {y_next, x}, {std::int64_t{0}}));
  return std::move(m.graph);
}

Executable Compiled(Graph graph, CompileOptions options = {}) {
  Diagnostics diagnostics("test");
  CheckGraph(graph, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.ToString();
  if (options.steps == 1) options.steps = 100;
  return Compile(std::move(graph), options);
}

std::vector<std::string> Recomputed(const Executable& executable) {
  std::vector<std::string> names;
  for (int id = 0; id < executable.graph.size(); ++id) {
    const Node& node = executable.graph.node(Value{id});
    if (node.recomputed) names.push_back(node.name);
  }
  return names;
}

TEST(RecomputePass, TakesATraceThatIsClipped) {
  for (const Rule rule : {kHebb, kOja, kModulated}) {
    const Executable executable = Compiled(PlasticNetwork(rule, 0.5));
    EXPECT_THAT(Recomputed(executable), UnorderedElementsAre("hebb", "hebb_next/DecayedOuter", "hebb_next"));
    EXPECT_THAT(ToText(executable.graph), Not(HasSubstr("Invert")));
    EXPECT_THAT(ToText(executable.graph), HasSubstr("hebb = State() [5, 5] TB @step recomputed\n"));
  }
}

// What it follows is recomputed with it, although it could be inverted.
TEST(RecomputePass, TakesARetroactiveTraceWithItsEligibility) {
  for (const AttributeValue& clip : {AttributeValue{0.5}, AttributeValue{}}) {
    const Executable executable = Compiled(PlasticNetwork(kRetroactive, clip));
    EXPECT_THAT(Recomputed(executable), ::testing::IsSupersetOf({"hebb", "hebb_next", "hebb_next/Mul",
                                                                 "eligibility", "eligibility_next"}));
    EXPECT_THAT(ToText(executable.graph), Not(HasSubstr("Invert")));
  }
}

TEST(RecomputePass, LeavesATraceWhoseUpdateCanBeInverted) {
  for (const Rule rule : {kHebb, kOja, kModulated}) {
    const Executable executable = Compiled(PlasticNetwork(rule, std::monostate{}));
    EXPECT_THAT(Recomputed(executable), IsEmpty());
    EXPECT_THAT(ToText(executable.graph), HasSubstr("Invert"));
    EXPECT_EQ(executable.memory.interval, 0);
  }
}

TEST(RecomputePass, LeavesWhatIsAnOutputOrNotForTrainingOrFewSteps) {
  CompileOptions options;
  options.outputs = {"hebb", "hebb_next/DecayedOuter"};
  EXPECT_THAT(Recomputed(Compiled(PlasticNetwork(kHebb, 0.5), options)), IsEmpty());
  EXPECT_THAT(Recomputed(Compiled(PlasticNetwork(kHebb, 0.5), {.training = false})), IsEmpty());
  EXPECT_THAT(Recomputed(Compiled(PlasticNetwork(kHebb, 0.5), {.steps = 11})), IsEmpty());
}

// A matrix state of any kind; a small one is kept at every step.
TEST(RecomputePass, TakesMatricesButNotVectors) {
  GraphMaker m;
  const Value x = m.Input("x", {3});
  const Value w = m.Parameter("w", {3, 3});
  const Value memory = m.AddState("memory", {3, 3});
  const Value y = m.AddState("y", {3});
  const Value read = m.Op("read", "MatMul", {y, memory});
  const Value y_next = m.Op("y_next", "Tanh", {m.Op("drive", "Add", {read, x})});
  const Value written = m.Op("written", "Mul", {m.Op("squashed", "Tanh", {memory}), w});
  m.Next(memory, m.Op("memory_next", "Add", {written, m.Op("outer", "Outer", {x, y_next})}));
  m.Next(y, y_next);
  m.Loss(m.Op("error", "SquaredError", {y_next, x}, {std::int64_t{0}}));
  EXPECT_THAT(Recomputed(Compiled(std::move(m.graph))),
              UnorderedElementsAre("memory", "squashed", "memory_next"));
}

TEST(Placement, HasASnapshotOfEveryIntervalAndOfTheEnd) {
  const Placement placement = {.slots = 5 + 2, .interval = 3, .end = 11};
  std::vector<std::int64_t> slots;
  for (std::int64_t step = 0; step <= 11; ++step) slots.push_back(placement.SlotAt(step));
  EXPECT_THAT(slots, ElementsAre(0, 5, 6, 1, 5, 6, 2, 5, 6, 3, 5, 4));
}

TEST(Placement, HasASnapshotThatLastsOfEveryOuterIntervalAndOfTheEnd) {
  const Placement placement = {.slots = 4 + 2 + 1, .interval = 2, .outer_interval = 6, .end = 15};
  std::vector<std::int64_t> slots;
  for (std::int64_t step = 0; step <= 15; ++step) slots.push_back(placement.SlotAt(step));
  EXPECT_THAT(slots, ElementsAre(0, 6, 5, 6, 4, 6, 1, 6, 5, 6, 4, 6, 2, 6, 5, 3));
}

TEST(Placement, SharesNoSlotWithinAnInterval) {
  for (std::int64_t end = 1; end < 30; ++end) {
    for (std::int64_t interval = 1; interval <= end; ++interval) {
      for (const auto& [pipelined, in_outer] : {std::pair{0, 0}, {1, 0}, {0, 2}, {1, 3}}) {
        Placement placement = {.interval = interval, .outer_interval = in_outer * interval, .end = end};
        placement.slots = placement.snapshots() + interval - 1 + pipelined;
        for (std::int64_t first = 0; first < end; first += interval) {
          std::map<std::int64_t, std::int64_t> step_of;
          for (std::int64_t step = first; step <= std::min(first + interval + pipelined, end); ++step) {
            const auto [it, added] = step_of.emplace(placement.SlotAt(step), step);
            EXPECT_TRUE(added) << end << " " << interval << ": " << it->second << " and " << step;
            EXPECT_LT(it->first, placement.slots);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace plgraph
