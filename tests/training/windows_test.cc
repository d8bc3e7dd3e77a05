// Truncated backpropagation: an episode cut into windows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "tests/support/temp_folder.h"
#include "tests/training/small_model.h"
#include "tools/training/episode_runner.h"
#include "tools/training/evaluator.h"
#include "tools/training/parameters.h"
#include "tools/training/trainer.h"

namespace plgraph {
namespace {

using Overrides = std::vector<std::string>;

// Episodes of 12 steps.
const Overrides kTwelve = {"train.data.patterns.gap_steps=1", "train.data.patterns.query_steps=4"};

class WindowsTest : public ::testing::Test {
 protected:
  WindowsTest() { folder_.Write("small.pbtxt", kSmallModel); }

  LoadedModel Load(Overrides overrides) {
    overrides.insert(overrides.begin(), kTwelve.begin(), kTwelve.end());
    return LoadModel(*files_, folder_.Path("small.pbtxt"), overrides);
  }
  Measures Evaluate(const Overrides& overrides) {
    const LoadedModel loaded = Load(overrides);
    Evaluator evaluator(loaded, services_, 7);
    InitializeParameters(loaded, *files_, evaluator.executor());
    return evaluator.Evaluate();
  }
  Checkpoint Train(const std::string& run, const Overrides& overrides) {
    const LoadedModel loaded = Load(overrides);
    Progress progress(nullptr, false, clock_);
    Trainer(loaded, services_, progress).Run({.run_dir = folder_.Path(run)});
    return ReadCheckpoint(*files_, folder_.Path(run + "/last.ckpt"));
  }

  TempFolder folder_;
  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
  SystemClock clock_;
  SystemMemory memory_;
  ThreadPool pool_{1};
  Services services_ = {*files_, clock_, memory_, pool_};
};

TEST_F(WindowsTest, MeasureTheSameAsWholeEpisodes) {
  for (const std::string at : {"LAST_STEP", "EVERY_STEP"}) {
    const Overrides terms = {"loss.0.at=" + at, "metric.0.at=" + at};
    const Measures whole = Evaluate(terms);
    for (const std::string steps : {"1", "3", "4", "6"}) {
      Overrides cut = terms;
      cut.push_back("train.truncate_steps=" + steps);
      const Measures windows = Evaluate(cut);
      EXPECT_NEAR(windows.loss, whole.loss, 1e-5 * whole.loss) << at << " " << steps;
      EXPECT_NEAR(windows.metrics[0].second, whole.metrics[0].second, 1e-6) << at << " " << steps;
    }
  }
}

TEST_F(WindowsTest, MakeAnUpdateEachWhereThereIsALoss) {
  EXPECT_EQ(Train("whole", {"loss.0.at=EVERY_STEP"}).update, 30);
  EXPECT_EQ(Train("every", {"loss.0.at=EVERY_STEP", "train.truncate_steps=4"}).update, 90);
  EXPECT_EQ(Train("last", {"train.truncate_steps=4"}).update, 30);
}

TEST_F(WindowsTest, OfAWholeEpisodeChangeNothing) {
  Train("whole", {});
  Train("window", {"train.truncate_steps=12"});
  EXPECT_EQ(folder_.Read("whole/last.ckpt"), folder_.Read("window/last.ckpt"));
}

TEST_F(WindowsTest, OnlyTheFirstTrainsTheStartOfAKeptState) {
  folder_.Write("small.pbtxt", R"(input { name: "cue" shape: "3" } input { name: "target" shape: "3" }
parameter { name: "start" shape: "3" constant { value: 0.5 } }
state { name: "y" shape: "3" next: "y_next" initial_parameter: "start" lifetime: KEPT }
node { name: "drive" add { a: "y" b: "cue" } }
node { name: "y_next" tanh { x: "drive" } }
node { name: "error" squared_error { prediction: "y_next" target: "target" } }
loss { value: "error" at: EVERY_STEP }
train { batch: 2 sgd { learning_rate: 0.1 }
  data { patterns { patterns: 2 presentations: 1 show_steps: 3 } } checkpoints { last_every: 2 } }
)");
  for (const std::string steps : {"0", "4"}) {
    const std::string cut = "train.truncate_steps=" + steps;
    const Checkpoint first = Train("first" + steps, {"train.episodes=2", cut});
    const Checkpoint later = Train("later" + steps, {"train.episodes=8", cut});
    const std::span<const float> start = first.parameters[0].tensor.values<float>();
    for (const float number : start) EXPECT_GT(std::abs(number - 0.5F), 1e-4) << cut;
    EXPECT_THAT(later.parameters[0].tensor.values<float>(), testing::ElementsAreArray(start)) << cut;
  }
}

TEST_F(WindowsTest, AreNotAccumulated) {
  EXPECT_THROW(Train("run", {"train.truncate_steps=4", "train.accumulate=2"}), Error);
}

}  // namespace
}  // namespace plgraph
