// A number that is not finite is traced to the first node, step and episode that made it; the run stops, or goes back.
#include "tools/training/not_finite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "core/error.h"
#include "serialization/formats/npy.h"
#include "tests/support/joined_events.h"
#include "tests/support/temp_folder.h"
#include "tools/training/trainer.h"

namespace plgraph {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Overrides = std::vector<std::string>;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(NotFinite, IsFoundWhereverItIs) {
  ThreadPool threads(3);
  std::vector<float> values(200000, std::numeric_limits<float>::max());
  values[7] = -0.0F;
  values[8] = std::numeric_limits<float>::denorm_min();
  values[9] = std::numeric_limits<float>::lowest();
  EXPECT_TRUE(AllFinite(values, threads));
  EXPECT_EQ(FirstNotFinite(values), std::nullopt);
  for (const float bad : {kNan, -kNan, kInfinity, -kInfinity}) {
    for (const size_t at : {size_t{0}, size_t{17}, size_t{131072}, values.size() - 1}) {
      const float kept = std::exchange(values[at], bad);
      EXPECT_FALSE(AllFinite(values, threads)) << bad << " at " << at;
      EXPECT_EQ(FirstNotFinite(values), at);
      values[at] = kept;
    }
  }
  EXPECT_EQ(ElementText(Shape{2, 3}, 4, -kNan), "nan at [1, 1]");
  EXPECT_EQ(ElementText(Shape{}, 0, -kInfinity), "-inf");
}

// Two numbers go in at each of four steps; the nodes are those of the test.
class NotFiniteTest : public ::testing::Test {
 protected:
  static constexpr std::int64_t kEpisodes = 6;
  static constexpr std::int64_t kSteps = 4;

  NotFiniteTest() : x_(kEpisodes * kSteps * 2, 0.5F) {}

  float& X(std::int64_t episode, std::int64_t step, std::int64_t element) {
    return x_[static_cast<size_t>((episode * kSteps + step) * 2 + element)];
  }
  // Line 1 is the input, line 2 the parameter; the loss is of the node "y".
  void Write(const std::string& nodes, const std::string& at = "EVERY_STEP") {
    folder_.Write(
        "m.pbtxt",
        "input { name: \"x\" shape: \"2\" }\n"
        "parameter { name: \"w\" shape: \"2\" constant { value: 1 } }\n" +
            nodes +
            "\nnode { name: \"error\" sum { x: \"y\" } }\n"
            "loss { value: \"error\" at: " +
            at +
            " }\n"
            "train { episodes: 6 batch: 2 sgd { learning_rate: 0.01 } checkpoints { last_every: 2 }\n"
            "data { npy { array { input: \"x\" path: \"x.npy\" } shuffle: false } } }\n");
  }
  void Train(const std::string& run, const Overrides& overrides = {}, const std::string& init = "",
             bool resume = false) {
    WriteNpy(*files_, folder_.Path("x.npy"), Tensor(Shape{kEpisodes, kSteps, 2}, x_));
    const LoadedModel loaded = LoadModel(*files_, folder_.Path("m.pbtxt"), overrides);
    ThreadPool pool(2);
    Progress progress(nullptr, false, clock_);
    Trainer trainer(loaded, {*files_, clock_, memory_, pool}, progress);
    trainer.Run({.run_dir = folder_.Path(run), .resume = resume, .init = init, .tensorboard = true});
  }
  std::string FaultOf(const Overrides& overrides = {}, const std::string& init = "") {
    try {
      Train("run", overrides, init);
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_code(), 1);
      return error.what();
    }
    return "";
  }
  std::string At(const std::string& place) { return folder_.Path("m.pbtxt") + ":" + place + ": "; }
  Checkpoint ReadLast(const std::string& run) {
    return ReadCheckpoint(*files_, folder_.Path(run + "/last.ckpt"));
  }

  TempFolder folder_;
  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
  SystemClock clock_;
  SystemMemory memory_;
  std::vector<float> x_;
};

TEST_F(NotFiniteTest, NamesNodeStepEpisodeAndOperands) {
  X(3, 2, 1) = -1;
  X(3, 2, 0) = 0.25;
  Write(R"(node { name: "scaled" mul { a: "x" b: "w" } }
node { name: "y" log { x: "scaled" } })");
  const std::string fault = FaultOf();
  EXPECT_THAT(fault, StartsWith("training: the loss of episode 3 is not finite (update 1)\n"));
  EXPECT_THAT(fault,
              HasSubstr(At("4:1") + "node \"y\" (Log) made the first number that is not finite: nan at [1], "
                                    "step 2, episode 3 (sample 1); its operands:\n"
                                    "    x \"scaled\" [2]: from -0.9"));
  EXPECT_THAT(fault, HasSubstr(" to 0.2"));
  EXPECT_THAT(
      fault,
      HasSubstr("\n  Log is finite only where x is over 0: keep it there (by clamp, say, or by adding a "
                "small number)\n"));
  EXPECT_THAT(fault, EndsWith("run/last.ckpt was left as it was"));
  EXPECT_EQ(ReadLast("run").episode, 2);
}

TEST_F(NotFiniteTest, FindsTheFirstOfALoop) {
  X(1, 1, 0) = 1e15F;
  Write(R"(state { name: "h" shape: "2" next: "h_next" }
node { name: "grown" square { x: "h" } }
node { name: "wx" mul { a: "x" b: "w" } }
node { name: "squared" square { x: "wx" } }
node { name: "h_next" add { a: "grown" b: "squared" } }
node { name: "y" mul { a: "h_next" b: "w" } })");
  const std::string fault = FaultOf();
  EXPECT_THAT(fault, StartsWith("training: the loss of episode 1 is not finite (update 0)\n"));
  EXPECT_THAT(
      fault, HasSubstr(At("4:1") +
                       "node \"grown\" (Square) made the first number that is not finite: inf at [0], "
                       "step 2, episode 1 (sample 1); its operands:\n"
                       "    x \"h\" [2]: from 0.3125 to 1e+30\n"
                       "  the result is beyond what a float holds, 3.4e38; nothing has been trained yet: the "
                       "data or the initial values are too large for this model\n"));
}

TEST_F(NotFiniteTest, FindsAGradientOfAFiniteLoss) {
  X(4, 0, 0) = 0;
  Write(R"(node { name: "scaled" mul { a: "x" b: "w" } }
node { name: "y" sqrt { x: "scaled" } })");
  const std::string fault = FaultOf();
  EXPECT_THAT(
      fault, StartsWith("training: the gradient of parameter \"w\" is not finite (update 2)\n  " + At("4:1") +
                        "on the backward pass of \"y\", node \"d_scaled\" (SqrtGradient) made the first"));
  EXPECT_THAT(fault, HasSubstr("step 0, episode 4 (sample 0); its operands:"));
  EXPECT_THAT(fault, HasSubstr("\n  SqrtGradient is finite only where y is not 0: keep it there"));
  EXPECT_EQ(ReadLast("run").episode, 4);
}

TEST_F(NotFiniteTest, AtTheLastStepIsOfTheNodeInTheModel) {
  X(1, 3, 0) = -1;
  Write(R"(node { name: "scaled" mul { a: "x" b: "w" } }
node { name: "y" log { x: "scaled" } })",
        "LAST_STEP");
  EXPECT_THAT(FaultOf(),
              StartsWith("training: the loss of episode 1 is not finite (update 0)\n  " + At("4:1") +
                         "node \"y\" (Log) made the first number that is not finite: nan at [0], step 3, "
                         "episode 1 (sample 1), at the last step; its operands:\n"
                         "    x \"scaled\" [2]: from -1 to 0.5\n"));
}

TEST_F(NotFiniteTest, AtTheLastStepOfTheBackwardPassIsOfTheNodeInTheModel) {
  X(4, 3, 0) = 0;
  Write(R"(node { name: "scaled" mul { a: "x" b: "w" } }
node { name: "y" sqrt { x: "scaled" } })",
        "LAST_STEP");
  EXPECT_THAT(FaultOf(),
              HasSubstr(At("4:1") +
                        "on the backward pass of \"y\", node \"d_scaled@last\" (SqrtGradient) made the "
                        "first number that is not finite: inf at [0], step 3, episode 4 (sample 0), at the "
                        "last step; its operands:"));
}

TEST_F(NotFiniteTest, NamesCarryNoMeaning) {
  X(1, 2, 0) = -1;
  for (const std::string name : {"d_scaled", "d_w", "y@last", "w/growth", "d_y/carry", "seed/error"}) {
    Write(R"(node { name: "scaled" mul { a: "x" b: "w" } }
node { name: ")" +
          name + R"(" log { x: "scaled" } }
node { name: "y" square { x: ")" +
          name + R"(" } })");
    EXPECT_THAT(FaultOf(),
                HasSubstr(At("4:1") + "node \"" + name +
                          "\" (Log) made the first number that is not finite: nan at [0], step 2, episode 1 "
                          "(sample 1); its operands:\n"));
    std::filesystem::remove_all(folder_.Path("run"));
  }
}

TEST_F(NotFiniteTest, InACompositionIsOfTheNodeThatIsComposed) {
  X(1, 2, 0) = -1;
  Write(R"(node { name: "scaled" mul { a: "x" b: "w" } }
node { name: "l" mean_squared_error { prediction: "logs" target: "x" } }
node { name: "logs" log { x: "scaled" } }
node { name: "y" add { a: "l" b: "w" } })");
  EXPECT_THAT(FaultOf(), HasSubstr(At("5:1") + "node \"logs\" (Log) made"));
  X(1, 2, 0) = 1e25F;
  Write(R"(node { name: "scaled" mul { a: "x" b: "w" } }
node { name: "l" mean_squared_error { prediction: "scaled" target: "w" } }
node { name: "y" add { a: "l" b: "w" } })");
  std::filesystem::remove_all(folder_.Path("run"));
  EXPECT_THAT(FaultOf(), HasSubstr(At("4:1") + "node \"l\" (in it Square, \"l/Square\") made the first"));
}

TEST_F(NotFiniteTest, NamesAMomentThatOverflows) {
  Write(R"(node { name: "m" mul { a: "x" b: "w" } }
node { name: "y" scale { x: "m" factor: 1e25 } })");
  const auto expect = [&](const std::string& optimizer, const std::string& moment,
                          const Overrides& overrides) {
    EXPECT_THAT(
        FaultOf(overrides),
        AllOf(StartsWith("training: the " + moment + " of parameter \"w\" is not finite (update 0)\n  " +
                         At("2:1") + "parameter \"w\": the " + moment + " that " + optimizer +
                         " keeps is inf at [0], where the gradient is 5e+24: gradients are too large for it; "
                         "limit them with train.clip_norm or train.clip_value, or scale the loss down\n"),
              EndsWith("run/last.ckpt was left as it was")));
    std::filesystem::remove_all(folder_.Path("run"));
  };
  for (const std::string adam : {"adam", "adamw"}) {
    expect(adam, "second moment", {"train." + adam + ".learning_rate=0.1"});
    expect(adam, "second moment", {"train." + adam + ".learning_rate=0.1", "train.accumulate=2"});
  }
  expect("rmsprop", "mean square of the gradient", {"train.rmsprop.learning_rate=0.1"});
}

TEST_F(NotFiniteTest, NamesAVelocityThatOverflows) {
  Write(R"(node { name: "m" mul { a: "x" b: "w" } }
node { name: "y" scale { x: "m" factor: 2e38 } })",
        "LAST_STEP");
  EXPECT_THAT(FaultOf({"train.sgd.learning_rate=1e-40", "train.sgd.momentum=0.9", "train.episodes=20"}),
              StartsWith("training: the velocity of parameter \"w\" is not finite (update 3)\n"));
}

TEST_F(NotFiniteTest, AMomentThatOverflowsIsRolledBack) {
  Write(R"(node { name: "m" mul { a: "x" b: "w" } }
node { name: "y" scale { x: "m" factor: 1e25 } })");
  EXPECT_THAT(
      FaultOf({"train.rmsprop.learning_rate=0.1", "train.on_nan=ROLLBACK"}),
      AllOf(HasSubstr("mean square of the gradient of parameter \"w\""), HasSubstr("has gone back 8 times")));
}

TEST_F(NotFiniteTest, NamesAnInput) {
  X(5, 3, 1) = kInfinity;
  Write(R"(node { name: "y" mul { a: "x" b: "w" } })");
  EXPECT_THAT(FaultOf({"train.on_nan=ROLLBACK"}),  // it would come again
              HasSubstr(At("1:1") +
                        "input \"x\" is not finite: inf at [1], step 3, episode 5 (sample 1); it came with "
                        "the data: repair it there"));
}

TEST_F(NotFiniteTest, NamesAParameterOfAFile) {
  Write(R"(node { name: "y" mul { a: "x" b: "w" } })");
  WriteNpz(*files_, folder_.Path("w.npz"), {{"w", Tensor(Shape{2}, std::vector<float>{1, kNan})}});
  try {
    Train("run", {"train.on_nan=ROLLBACK"}, folder_.Path("w.npz"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                AllOf(StartsWith(folder_.Path("w.npz") + ": does not fit the model"),
                      HasSubstr("parameter \"w\": 1 of 2 numbers are not finite, the first at [1]")));
  }
}

TEST_F(NotFiniteTest, NamesAParameterOfACheckpoint) {
  Write(R"(node { name: "y" mul { a: "x" b: "w" } })");
  Train("run", {"train.episodes=2"});
  Checkpoint checkpoint = ReadLast("run");
  checkpoint.parameters[0].tensor = Tensor(Shape{2}, std::vector<float>{-kInfinity, 1});
  WriteCheckpoint(*files_, folder_.Path("run/last.ckpt"), checkpoint);
  try {
    Train("run", {}, "", true);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                AllOf(StartsWith(folder_.Path("run/last.ckpt") + ": does not fit the model"),
                      HasSubstr("parameter \"w\": 1 of 2 numbers are not finite, the first at [0]")));
  }
}

TEST_F(NotFiniteTest, NamesAParameterThatAnUpdateMade) {
  x_.assign(x_.size(), 4);
  Write(R"(node { name: "y" mul { a: "x" b: "w" } })");
  EXPECT_THAT(FaultOf({"train.sgd.learning_rate=1e38", "train.checkpoints.last_every=100"}),
              HasSubstr(At("2:1") +
                        "parameter \"w\" is not finite before update 1: -inf at [0]; the gradients of the "
                        "updates so far were finite, so a step was too large"));
}

TEST_F(NotFiniteTest, KeepsCheckpointsFromAParameterThatAnUpdateMade) {
  x_.assign(x_.size(), 4);
  Write(R"(node { name: "y" mul { a: "x" b: "w" } })");
  EXPECT_THAT(FaultOf({"train.sgd.learning_rate=1e38"}),
              AllOf(HasSubstr("parameter \"w\" is not finite after episode 2: -inf at [0]"),
                    HasSubstr("run/last.ckpt was left as it was")));
  EXPECT_EQ(ReadCheckpoint(*files_, folder_.Path("run/last.ckpt")).episode, 0);
}

TEST_F(NotFiniteTest, NamesAStateThatNoLossHasSeen) {
  Write(R"(state { name: "h" shape: "2" next: "h_next" lifetime: KEPT }
node { name: "y" mul { a: "h" b: "w" } }
node { name: "h_next" exp { x: "shifted" } }
node { name: "shifted" scale { x: "x" factor: 1 } })",
        "EVERY_STEP");
  X(1, 3, 1) = 100;  // exp of it is too large; the next episode reads it
  EXPECT_THAT(
      FaultOf({"train.checkpoints.last_every=100"}),
      HasSubstr("state \"h\" was not finite when the run began: inf at [1], step 0, episode 3 (sample 1)"));
}

TEST_F(NotFiniteTest, IsNotBlamedOnAMetric) {
  X(2, 1, 0) = -1;
  Write(R"(node { name: "infinite" psnr { prediction: "x" target: "x" } }
metric { name: "infinite" value: "infinite" at: EVERY_STEP }
node { name: "scaled" mul { a: "x" b: "w" } }
node { name: "y" log { x: "scaled" } })");
  EXPECT_THAT(FaultOf(), AllOf(HasSubstr("node \"y\" (Log)"), HasSubstr("step 1, episode 2")));
}

TEST_F(NotFiniteTest, IsFoundInWindows) {
  X(1, 3, 0) = -1;
  Write(R"(state { name: "h" shape: "2" next: "h_next" }
node { name: "sum" add { a: "h" b: "x" } }
node { name: "h_next" mul { a: "sum" b: "w" } }
node { name: "scaled" mul { a: "x" b: "w" } }
node { name: "logs" log { x: "scaled" } }
node { name: "y" add { a: "h_next" b: "logs" } })");
  EXPECT_THAT(
      FaultOf({"train.truncate_steps=2"}),
      AllOf(HasSubstr("(update 1)"), HasSubstr("node \"logs\" (Log)"), HasSubstr("step 3, episode 1")));
}

TEST_F(NotFiniteTest, WithoutMemoryForItSaysSo) {
  X(0, 0, 0) = -1;
  Write(R"(node { name: "scaled" mul { a: "x" b: "w" } }
node { name: "y" log { x: "scaled" } })");
  WriteNpy(*files_, folder_.Path("x.npy"), Tensor(Shape{kEpisodes, kSteps, 2}, x_));

  class OneArena : public SystemMemory {
   public:
    void* Take(std::int64_t bytes) override { return taken_++ == 0 ? SystemMemory::Take(bytes) : nullptr; }

   private:
    int taken_ = 0;
  };
  OneArena memory;
  const LoadedModel loaded = LoadModel(*files_, folder_.Path("m.pbtxt"), {});
  ThreadPool pool(1);
  Progress progress(nullptr, false, clock_);
  Trainer trainer(loaded, {*files_, clock_, memory, pool}, progress);
  try {
    trainer.Run({.run_dir = folder_.Path("run")});
    FAIL();
  } catch (const NotFiniteError& error) {
    EXPECT_THAT(error.what(), AllOf(StartsWith("training: the loss of episode 0 is not finite (update 0)\n"),
                                    HasSubstr("it could not be traced to a node: ")));
  }
}

// (w + x)^2: its minimum is left ever faster at a rate over 1.
const std::string kRunaway = R"(node { name: "moved" add { a: "x" b: "w" } }
node { name: "y" square { x: "moved" } })";
const Overrides kFast = {"train.sgd.learning_rate=3", "train.episodes=400",
                         "train.checkpoints.last_every=20"};

Overrides With(Overrides overrides, const Overrides& more) {
  overrides.insert(overrides.end(), more.begin(), more.end());
  return overrides;
}

TEST_F(NotFiniteTest, RollbackRecoversAtALowerRate) {
  Write(kRunaway);
  EXPECT_THAT(FaultOf(kFast),
              AllOf(HasSubstr("the result is beyond what a float holds, 3.4e38; the numbers have grown "
                              "too large: try a smaller learning rate or train.clip_norm"),
                    HasSubstr("last.ckpt was left as it was")));
  Train("back", With(kFast, {"train.on_nan=ROLLBACK"}));
  const Checkpoint last = ReadLast("back");
  EXPECT_EQ(last.episode, 400);
  EXPECT_EQ(last.update, 200);
  EXPECT_EQ(last.rollbacks, 2);  // a rate of 0.75
  for (const float w : last.parameters[0].tensor.values<float>()) EXPECT_NEAR(w, -0.5, 1e-6);
}

TEST_F(NotFiniteTest, RollbackBeginsAnewWithoutACheckpoint) {
  Write(kRunaway);
  const Overrides rare = {"train.checkpoints.last_every=1000", "train.on_nan=ROLLBACK"};
  Train("back", With(kFast, rare));
  EXPECT_EQ(ReadLast("back").rollbacks, 2);
  // As if it had begun at the lower rate.
  Train("slow", With(kFast, With(rare, {"train.sgd.learning_rate=0.75"})));
  EXPECT_EQ(ReadLast("back").parameters[0].tensor.values<float>(),
            ReadLast("slow").parameters[0].tensor.values<float>());
  EXPECT_EQ(JoinedEventTexts(*files_, folder_.Path("back/tensorboard")),
            JoinedEventTexts(*files_, folder_.Path("slow/tensorboard")));
}

TEST_F(NotFiniteTest, RollbackEnds) {
  X(3, 2, 1) = -1;
  Write(R"(node { name: "scaled" mul { a: "x" b: "w" } }
node { name: "y" log { x: "scaled" } })");
  EXPECT_THAT(
      FaultOf({"train.on_nan=ROLLBACK"}),
      AllOf(HasSubstr("node \"y\" (Log)"),
            HasSubstr(
                "the run has gone back 8 times, to 0.00390625 of its learning rate, and goes back no more"),
            EndsWith("run/last.ckpt was left as it was")));
}

TEST_F(NotFiniteTest, RollbackIsTheSameAcrossAKill) {
  struct Killed : std::exception {};
  class KillingClock : public SystemClock {
   public:
    explicit KillingClock(int calls) : calls_(calls) {}
    double Seconds() const override {
      if (calls_-- == 0) throw Killed();
      return 0;
    }

   private:
    mutable int calls_;
  };
  Write(kRunaway);
  const Overrides overrides = With(kFast, {"train.on_nan=ROLLBACK"});
  Train("whole", overrides);
  const LoadedModel loaded = LoadModel(*files_, folder_.Path("m.pbtxt"), overrides);
  bool resume = false;
  bool done = false;
  for (int calls = 13; !done; calls += 29) {
    ASSERT_LT(calls, 2000);
    try {
      const KillingClock clock(calls);
      ThreadPool pool(1);
      Progress progress(nullptr, false, clock);
      Trainer trainer(loaded, {*files_, clock, memory_, pool}, progress);
      trainer.Run({.run_dir = folder_.Path("parts"), .resume = resume, .tensorboard = true});
      done = true;
    } catch (const Killed&) {
      resume = true;
    }
  }
  EXPECT_TRUE(resume);
  EXPECT_EQ(folder_.Read("whole/last.ckpt"), folder_.Read("parts/last.ckpt"));
  EXPECT_EQ(folder_.Read("whole/best.ckpt"), folder_.Read("parts/best.ckpt"));
  EXPECT_EQ(JoinedEventTexts(*files_, folder_.Path("whole/tensorboard")),
            JoinedEventTexts(*files_, folder_.Path("parts/tensorboard")));
}

}  // namespace
}  // namespace plgraph
