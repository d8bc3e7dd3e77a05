#include "serialization/state/plan.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <cstring>

#include "core/crc32c.h"
#include "core/error.h"
#include "core/random.h"
#include "graph/compile.h"
#include "graph/ir/check.h"
#include "graph/ir/text.h"
#include "serialization/language/graph_from_model.h"
#include "serialization/language/overrides.h"

namespace plgraph {
namespace {

using testing::HasSubstr;

Plan Example() {
  const auto files = MakePosixFileSystem();
  const std::string path = PLGRAPH_SOURCE_DIR "/models/pattern_completion.pbtxt";
  Diagnostics diagnostics(path);
  ModelText text = ReadModelFile(*files, path, diagnostics);
  ApplyOverride(text, "n=3");
  Graph graph = GraphFromModel(text.model, text.locations, diagnostics);
  CheckGraph(graph, diagnostics);
  diagnostics.ThrowIfErrors();
  const CompileOptions options{.batch = 2, .steps = 5, .continued = true, .outputs = {"y", "drive"}};
  return {.model = text.model,
          .graph = Compile(std::move(graph), options).graph,
          .planned_for = options.planned_for()};
}

std::string FaultOf(std::span<const std::byte> bytes) {
  try {
    DecodePlan(bytes, "m.plan");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kRuntime);
    EXPECT_THAT(error.what(), testing::StartsWith("m.plan: "));
    return error.what();
  }
  return "no error";
}

TEST(Plan, WhatIsWrittenIsRead) {
  const Plan plan = Example();
  const std::vector<std::byte> bytes = EncodePlan(plan);
  EXPECT_TRUE(IsPlan(bytes));
  const Plan read = DecodePlan(bytes, "f");
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(read.model, plan.model));
  EXPECT_EQ(ToText(read.graph), ToText(plan.graph));
  EXPECT_EQ(read.planned_for, plan.planned_for);
  EXPECT_EQ(read.graph.Names(), plan.graph.Names());
  EXPECT_EQ(EncodePlan(read), bytes);
}

TEST(Plan, SaysWhatEachNodeIs) {
  const Plan plan = Example();
  const Plan read = DecodePlan(EncodePlan(plan), "f");
  for (int id = 0; id < plan.graph.size(); ++id) {
    const Node& written = plan.graph.node(Value{id});
    const Node& node = read.graph.node(Value{id});
    EXPECT_EQ(node.origin, written.origin) << node.name;
    EXPECT_EQ(node.location, written.location) << node.name;
    EXPECT_EQ(node.backward, written.backward) << node.name;
    EXPECT_EQ(node.at_last_step, written.at_last_step) << node.name;
    EXPECT_EQ(node.random_stream, written.random_stream) << node.name;
  }
  const Node& last = read.graph.node(read.graph.Find("error@last"));
  EXPECT_EQ(last.origin, "error");
  EXPECT_TRUE(last.at_last_step);
  EXPECT_FALSE(last.backward);
  EXPECT_TRUE(read.graph.node(read.graph.Find("d_hebb")).backward);
  EXPECT_TRUE(read.graph.node(read.graph.Find("y_next")).IsOfModel());
}

TEST(Plan, IsRefusedWhereANodeOfTheLastStepHasAllSteps) {
  Plan plan = Example();
  plan.graph.node(plan.graph.Find("drive")).at_last_step = true;
  EXPECT_THAT(FaultOf(EncodePlan(plan)), HasSubstr("node \"drive\" is of the last step, but varies by step"));
}

TEST(Plan, GivesTheSameExecutable) {
  const Plan plan = Example();
  const Plan read = DecodePlan(EncodePlan(plan), "f");
  CompileOptions options{.batch = 4, .steps = 5, .optimizer_slots = 2, .continued = true};
  options.outputs = plan.planned_for.outputs;
  const Executable a = PlanExecution(plan.graph, options);
  const Executable b = PlanExecution(read.graph, options);
  EXPECT_EQ(a.memory.size, b.memory.size);
  for (int phase = 0; phase < kPhaseCount; ++phase) {
    EXPECT_EQ(a.schedule.order(static_cast<Phase>(phase)), b.schedule.order(static_cast<Phase>(phase)));
  }
}

// A clipped trace over enough steps to be recomputed.
Plan RecomputedExample() {
  const auto files = MakePosixFileSystem();
  const std::string path = PLGRAPH_SOURCE_DIR "/models/neuromodulated.pbtxt";
  Diagnostics diagnostics(path);
  ModelText text = ReadModelFile(*files, path, diagnostics);
  Graph graph = GraphFromModel(text.model, text.locations, diagnostics);
  CheckGraph(graph, diagnostics);
  diagnostics.ThrowIfErrors();
  const CompileOptions options{.steps = 100};
  return {.model = text.model,
          .graph = Compile(std::move(graph), options).graph,
          .planned_for = options.planned_for()};
}

TEST(Plan, SaysWhatIsRecomputed) {
  const Plan plan = RecomputedExample();
  const Plan read = DecodePlan(EncodePlan(plan), "f");
  EXPECT_THAT(ToText(read.graph), HasSubstr("@step recomputed"));
  EXPECT_EQ(ToText(read.graph), ToText(plan.graph));
  EXPECT_GT(PlanExecution(read.graph, {.steps = 100}).memory.interval, 0);
}

TEST(Plan, IsRefusedWhereWhatIsRecomputedCannotBe) {
  Plan plan = RecomputedExample();
  for (const std::string name : {"w", "cue", "error@last", "d_y"}) {
    Plan lying = plan;
    lying.graph.node(lying.graph.Find(name)).recomputed = true;
    EXPECT_THAT(FaultOf(EncodePlan(lying)), HasSubstr("\"" + name + "\" is recomputed")) << name;
  }
  plan.graph.node(plan.graph.Find("hebb_next")).recomputed = false;
  EXPECT_THAT(FaultOf(EncodePlan(plan)), HasSubstr("\"hebb\" is recomputed"));
}

TEST(Plan, NothingMayFollow) {
  std::vector<std::byte> bytes = EncodePlan(Example());
  bytes.push_back(std::byte{0});
  EXPECT_THAT(FaultOf(bytes), HasSubstr("expected"));
}

// Content that lies, with a checksum that is right: a message or another graph, never a crash.
TEST(Plan, LyingContentIsNeverMoreThanAMessage) {
  const std::vector<std::byte> sound = EncodePlan(Example());
  const size_t end = sound.size() - 4;
  const RandomStream random(1, StreamId("plan_test"));
  int refused = 0;
  for (std::uint32_t i = 0; i < 4000; ++i) {
    std::vector<std::byte> bytes = sound;
    for (std::uint32_t k = 0; k < 1 + i % 3; ++k) {
      const size_t at = 24 + random.Below(8 * i + 2 * k, static_cast<std::uint32_t>(end) - 24);
      bytes[at] = static_cast<std::byte>(random.Below(8 * i + 2 * k + 1, 256));
    }
    const std::uint32_t crc = Crc32c(std::span(bytes).first(end));
    std::memcpy(bytes.data() + end, &crc, 4);
    refused += FaultOf(bytes) == "no error" ? 0 : 1;
  }
  EXPECT_GT(refused, 2000);
}

// Found by plan_fuzz.
TEST(Plan, IsRefusedWhereAnAttributeOfThePlannerIsOfAnotherType) {
  Plan plan = Example();
  const Value inverse = plan.graph.Find("hebb/before");
  ASSERT_TRUE(inverse);
  ASSERT_EQ(plan.graph.node(inverse).op->name, "Invert");
  plan.graph.node(inverse).attributes[0] = true;
  EXPECT_THAT(FaultOf(EncodePlan(plan)), HasSubstr("node \"hebb/before\" (Invert): "));
}

TEST(Plan, OtherFilesAreNotPlans) {
  EXPECT_FALSE(IsPlan(std::as_bytes(std::span("name: \"model\""))));
  EXPECT_FALSE(IsPlan({}));
  EXPECT_THAT(FaultOf(std::as_bytes(std::span("name: \"model\""))), HasSubstr("not a plan"));
}

}  // namespace
}  // namespace plgraph
