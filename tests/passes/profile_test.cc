#include "graph/run/profile.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/memory_budget.h"
#include "graph/compile.h"
#include "graph/ir/check.h"
#include "graph/run/executor.h"
#include "tests/support/graph_maker.h"

namespace plgraph {
namespace {

constexpr std::int64_t kBatch = 2;
constexpr std::int64_t kSteps = 4;

// A second passes whenever somebody looks, so that every interval without another one in it takes one second.
class TickingClock : public Clock {
 public:
  double Seconds() const override { return static_cast<double>(++ticks_); }
  double SecondsSince1970() const override { return 0; }

 private:
  mutable std::int64_t ticks_ = 0;
};

// y' = tanh(y (w + alpha o H) + tanh(x)), H under the Hebbian rule, error = |y' - target|^2.
Graph PlasticNetwork() {
  GraphMaker m;
  const Value encoded = m.Op("encoded", "Tanh", {m.Input("x", {5})});
  const Value target = m.Input("target", {5});
  const Value w = m.Parameter("w", {5, 5});
  const Value alpha = m.Parameter("alpha", {5, 5});
  const Value rate = m.Parameter("rate", {});
  const Value y = m.AddState("y", {5});
  const Value hebb = m.AddState("hebb", {5, 5});
  const Value recurrent = m.Op("recurrent", "PlasticMatMul", {y, w, alpha, hebb});
  const Value y_next = m.Op("y_next", "Tanh", {m.Op("drive", "Add", {recurrent, encoded})});
  const Value hebb_next =
      m.Op("hebb_next", "HebbianTrace", {hebb, y, y_next, rate, {}, {}}, {std::int64_t{0}, std::monostate{}});
  m.Next(y, y_next);
  m.Next(hebb, hebb_next);
  m.Loss(m.Op("error", "SquaredError", {y_next, target}, {std::int64_t{0}}));
  Diagnostics diagnostics("test");
  CheckGraph(m.graph, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.ToString();
  return std::move(m.graph);
}

class ProfileTest : public ::testing::Test {
 protected:
  ProfileTest() {
    for (const char* name : {"w", "alpha", "rate", "x", "target"}) {
      const Value value = executable_.graph.Find(name);
      const bool input = executable_.graph.node(value).kind == NodeKind::kInput;
      const std::span<float> numbers = input ? executor_.Input(value) : executor_.Parameter(value);
      for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = 0.01F * static_cast<float>(i + 1);
    }
  }

  void Run() {
    executor_.ResetStates();
    executor_.Forward({});
    executor_.Backward({});
  }
  std::vector<float> Gradients() {
    std::vector<float> all;
    for (size_t i = 0; i < executable_.graph.gradients.size(); ++i) {
      const std::span<const float> gradient = executor_.Gradient(i);
      all.insert(all.end(), gradient.begin(), gradient.end());
    }
    return all;
  }
  // Calls body(phase, scheduled node, what its node did) for every scheduled node.
  template <typename Body>
  void ForAll(const Profile& profile, const Body& body) {
    for (int i = 0; i < kPhaseCount; ++i) {
      const Phase phase = static_cast<Phase>(i);
      const std::vector<ScheduledNode>& order = executable_.schedule.order(phase);
      ASSERT_EQ(profile.nodes(phase).size(), order.size());
      for (size_t k = 0; k < order.size(); ++k) {
        SCOPED_TRACE(executable_.graph.node(order[k].node).name);
        body(phase, order[k], profile.nodes(phase)[k]);
      }
    }
  }

  TickingClock clock_;
  SystemMemory memory_;
  ThreadPool threads_{1};
  Executable executable_ = Compile(PlasticNetwork(), {.batch = kBatch, .steps = kSteps});
  Executor<float> executor_{executable_, memory_, threads_};
};

TEST_F(ProfileTest, TimesEachPhaseOnceARun) {
  Profile profile(clock_, executable_.schedule, Profile::Detail::kPhases);
  executor_.SetProfile(&profile);
  for (int run = 1; run <= 2; ++run) {
    Run();
    for (int i = 0; i < kPhaseCount; ++i) {
      const Phase phase = static_cast<Phase>(i);
      EXPECT_EQ(profile.phase(phase).times, run) << NameOf(phase);
      EXPECT_EQ(profile.phase(phase).seconds, run) << NameOf(phase);
      EXPECT_TRUE(profile.nodes(phase).empty());
    }
  }
}

TEST_F(ProfileTest, CountsTheCallsAndInstancesOfEachNode) {
  Profile profile(clock_, executable_.schedule, Profile::Detail::kNodes);
  executor_.SetProfile(&profile);
  Run();
  int loops = 0;
  ForAll(profile, [&](Phase phase, const ScheduledNode& scheduled, const NodeProfile& did) {
    const InstanceRule rule = executable_.graph.node(scheduled.node).op->instance_rule;
    const bool some = rule == InstanceRule::kLastStep || rule == InstanceRule::kFirstStep;
    EXPECT_GE(did.calls, 1);
    EXPECT_GE(did.instances, did.calls);
    if (!IsLoop(phase) || some) return;
    EXPECT_EQ(did.calls, kSteps);
    EXPECT_TRUE(did.instances == kSteps || did.instances == kSteps * kBatch);
    ++loops;
  });
  EXPECT_GE(loops, 6);
  const NodeProfile& encoded = profile.nodes(Phase::kAhead)[0];
  EXPECT_EQ(encoded.calls, 1);
  EXPECT_EQ(encoded.instances, kSteps * kBatch);
}

TEST_F(ProfileTest, TimesNodesOnTheirOwnAndFusedLoopsAsOne) {
  Profile profile(clock_, executable_.schedule, Profile::Detail::kNodes);
  executor_.SetProfile(&profile);
  Run();
  int fused_loop = -1;
  ForAll(profile, [&](Phase, const ScheduledNode& scheduled, const NodeProfile& did) {
    EXPECT_EQ(did.spent.seconds, did.spent.times);
    if (scheduled.fused_loop < 0) {
      EXPECT_EQ(did.spent.times, did.calls);
    } else if (scheduled.fused_loop == fused_loop) {
      EXPECT_EQ(did.spent.times, 0);
    } else {
      EXPECT_EQ(did.spent.times, kSteps + 1);  // its pipelined members run one round more
    }
    fused_loop = scheduled.fused_loop;
  });
}

TEST_F(ProfileTest, ChangesNoNumberAndEndsWhenAsked) {
  Run();
  const std::vector<float> plain = Gradients();
  Profile profile(clock_, executable_.schedule, Profile::Detail::kNodes);
  executor_.SetProfile(&profile);
  Run();
  EXPECT_EQ(Gradients(), plain);
  profile.Clear();
  executor_.SetProfile(nullptr);
  Run();
  EXPECT_EQ(Gradients(), plain);
  EXPECT_EQ(profile.phase(Phase::kStep).times, 0);
  ForAll(profile, [](Phase, const ScheduledNode&, const NodeProfile& did) {
    EXPECT_EQ(did.calls, 0);
    EXPECT_EQ(did.spent.times, 0);
  });
}

}  // namespace
}  // namespace plgraph
