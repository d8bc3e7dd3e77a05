// A run that was stopped anywhere and resumed is the run that was not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "core/error.h"
#include "tests/support/joined_events.h"
#include "tests/support/temp_folder.h"
#include "tests/training/small_model.h"
#include "tools/training/parameters.h"
#include "tools/training/trainer.h"

namespace plgraph {
namespace {

using ::testing::HasSubstr;
using Overrides = std::vector<std::string>;

struct Killed : std::exception {};

// A clock that ends the run when it has been asked for the time so often: training asks once for each line of
// metrics.jsonl.
class KillingClock : public Clock {
 public:
  explicit KillingClock(int calls) : calls_(calls) {}
  double Seconds() const override {
    if (calls_-- == 0) throw Killed();
    return 0;
  }
  double SecondsSince1970() const override { return 0; }

 private:
  mutable int calls_;
};

class ResumeTest : public ::testing::Test {
 protected:
  ResumeTest() { folder_.Write("small.pbtxt", kSmallModel); }

  void Train(const std::string& run, const Overrides& overrides, bool resume, const Clock& clock,
             const std::string& init = "") {
    const LoadedModel loaded = LoadModel(*files_, folder_.Path("small.pbtxt"), overrides);
    ThreadPool pool(1);
    Progress progress(nullptr, false, clock);
    Trainer(loaded, {*files_, clock, memory_, pool}, progress)
        .Run({.run_dir = folder_.Path(run), .resume = resume, .init = init, .tensorboard = true});
  }
  // Trains and is stopped again and again, each time a little later.
  void TrainWithInterruptions(const std::string& run, const Overrides& overrides) {
    bool resume = false;
    for (int calls = 5; calls < 100; calls += 7) {
      try {
        Train(run, overrides, resume, KillingClock(calls));
        return;
      } catch (const Killed&) {
        resume = true;
      }
    }
    Train(run, overrides, true, SystemClock());
  }
  std::string MetricsWithoutTime(const std::string& run) {
    std::string kept;
    std::istringstream text(folder_.Read(run + "/metrics.jsonl"));
    for (std::string line; std::getline(text, line);) {
      nlohmann::json json = nlohmann::json::parse(line);
      json.erase("seconds");
      kept += json.dump() + "\n";
    }
    return kept;
  }
  void ExpectSame(const Overrides& overrides) {
    Train("whole", overrides, false, SystemClock());
    TrainWithInterruptions("parts", overrides);
    EXPECT_EQ(folder_.Read("whole/last.ckpt"), folder_.Read("parts/last.ckpt"));
    EXPECT_EQ(folder_.Read("whole/best.ckpt"), folder_.Read("parts/best.ckpt"));
    EXPECT_EQ(MetricsWithoutTime("whole"), MetricsWithoutTime("parts"));
    ExpectSameEvents();
  }
  void ExpectSameEvents() {
    const std::vector<std::string> whole = JoinedEventTexts(*files_, folder_.Path("whole/tensorboard"));
    EXPECT_FALSE(whole.empty());
    EXPECT_EQ(JoinedEventTexts(*files_, folder_.Path("parts/tensorboard")), whole);
  }
  std::string FaultOf(const Overrides& overrides) {
    try {
      Train("run", overrides, true, SystemClock());
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInvalid);
      return error.what();
    }
    return "";
  }

  TempFolder folder_;
  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
  SystemMemory memory_;
};

TEST_F(ResumeTest, GoesOnExactly) { ExpectSame({}); }

TEST_F(ResumeTest, GoesOnExactlyWithReportsThatDoNotMeetCheckpoints) {
  ExpectSame({"train.report_every=14", "train.checkpoints.every=9", "train.evaluation.every=25",
              "train.evaluation.episodes=3"});
}

TEST_F(ResumeTest, GoesOnExactlyAfterEveryUpdateWhenAskedToStop) {
  const Overrides overrides = {"train.report_every=14"};
  Train("whole", overrides, false, SystemClock());
  const LoadedModel loaded = LoadModel(*files_, folder_.Path("small.pbtxt"), overrides);
  bool finished = false;
  for (int parts = 0; !finished; ++parts) {
    ASSERT_LT(parts, 30);
    SystemClock clock;
    ThreadPool pool(1);
    Progress progress(nullptr, false, clock);
    finished =
        Trainer(loaded, {*files_, clock, memory_, pool}, progress)
            .Run({.run_dir = folder_.Path("parts"), .resume = parts > 0, .tensorboard = true, .stop = [] {
                    return true;
                  }});
  }
  EXPECT_EQ(folder_.Read("whole/last.ckpt"), folder_.Read("parts/last.ckpt"));
  EXPECT_EQ(folder_.Read("whole/best.ckpt"), folder_.Read("parts/best.ckpt"));
  EXPECT_EQ(MetricsWithoutTime("whole"), MetricsWithoutTime("parts"));
  ExpectSameEvents();
}

TEST_F(ResumeTest, GoesOnExactlyWithEveryOptimizer) {
  for (const std::string optimizer : {"sgd.momentum=0.9", "adamw.weight_decay=0.1", "rmsprop.decay=0.9"}) {
    ExpectSame({"train." + optimizer, "train.cosine.final_factor=0.1", "train.warmup_updates=7"});
    files_->Remove(folder_.Path("whole/metrics.jsonl"));
    for (const std::string run : {"whole", "parts"}) std::filesystem::remove_all(folder_.Path(run));
  }
}

TEST_F(ResumeTest, GoesOnExactlyWithAccumulation) { ExpectSame({"train.accumulate=2", "train.clip_norm=1"}); }

TEST_F(ResumeTest, GoesOnExactlyInWindows) {
  ExpectSame({"train.truncate_steps=13", "loss.0.at=EVERY_STEP"});
  for (const std::string run : {"whole", "parts"}) std::filesystem::remove_all(folder_.Path(run));
  ExpectSame({"train.data.patterns.gap_steps=1", "train.data.patterns.query_steps=4",
              "train.truncate_steps=4", "loss.0.at=EVERY_STEP"});
}

TEST_F(ResumeTest, GoesOnExactlyWithKeptStates) {
  ExpectSame({"state.hebb.lifetime=KEPT"});
  EXPECT_EQ(ReadCheckpoint(*files_, folder_.Path("whole/last.ckpt")).states.size(), 1U);
}

TEST_F(ResumeTest, OfAFinishedRunCanBeLonger) {
  Train("whole", {"train.episodes=60"}, false, SystemClock());
  Train("parts", {"train.episodes=40"}, false, SystemClock());
  Train("parts", {"train.episodes=60"}, true, SystemClock());
  EXPECT_EQ(folder_.Read("whole/last.ckpt"), folder_.Read("parts/last.ckpt"));
  Train("parts", {"train.episodes=60"}, true, SystemClock());  // nothing is left to do
  EXPECT_EQ(folder_.Read("whole/last.ckpt"), folder_.Read("parts/last.ckpt"));
}

// A resume without --tensorboard leaves no events of episodes that it trains again, and one with it adds only later ones.
TEST_F(ResumeTest, CutsEventsThoughItWritesNone) {
  const auto steps = [&] {
    std::set<std::int64_t> found;
    for (const tensorboard::Event& event : JoinedEvents(*files_, folder_.Path("run/tensorboard")))
      found.insert(event.step());
    return found;
  };
  const auto train = [&](const std::string& episodes, bool resume, bool tensorboard) {
    const LoadedModel loaded =
        LoadModel(*files_, folder_.Path("small.pbtxt"), {"train.episodes=" + episodes});
    SystemClock clock;
    ThreadPool pool(1);
    Progress progress(nullptr, false, clock);
    Trainer(loaded, {*files_, clock, memory_, pool}, progress)
        .Run({.run_dir = folder_.Path("run"), .resume = resume, .tensorboard = tensorboard});
  };
  train("20", false, true);
  const std::string after_20 = folder_.Read("run/last.ckpt");
  train("40", true, true);
  EXPECT_EQ(*steps().rbegin(), 40);
  folder_.Write("run/last.ckpt", after_20);
  train("40", true, false);
  EXPECT_EQ(*steps().rbegin(), 20);
  train("60", true, true);
  EXPECT_TRUE(steps().contains(20));
  EXPECT_FALSE(steps().contains(40));
  EXPECT_TRUE(steps().contains(60));
}

TEST_F(ResumeTest, RefusesAnotherRunAndChangesNothing) {
  const std::string kept = "state.hebb.lifetime=KEPT";
  Train("run", {kept}, false, SystemClock());
  folder_.Write("run/metrics.jsonl", folder_.Read("run/metrics.jsonl") + "{\"episode\": 62}\n");
  const auto contents = [&] {
    std::map<std::string, std::string> all;
    for (const std::string& name : files_->List(folder_.Path("run"))) {
      if (!name.ends_with('/')) all[name] = folder_.Read("run/" + name);
    }
    return all;
  };
  const auto before = contents();
  EXPECT_THAT(FaultOf({kept, "train.seed=2"}), HasSubstr(":\n  train.seed: 1 -> 2\n"));
  EXPECT_THAT(FaultOf({kept, "train.sgd.momentum=0.9"}),
              HasSubstr(":\n  train.optimizer: adam { learning_rate: 0.003 } -> sgd { momentum: 0.9 }\n"));
  EXPECT_THAT(FaultOf({kept, "n=13"}), HasSubstr(":\n  dim.n.size: 12 -> 13\n"));
  EXPECT_THAT(FaultOf({kept, "name=other", "train.batch=2"}),
              HasSubstr(":\n  name: \"small\" -> \"other\"\n"));
  EXPECT_THAT(FaultOf({kept, "train.data.patterns.degrade=0.25", "train.episodes=70"}),
              HasSubstr(":\n  train.data.patterns.degrade: 0.5 -> 0.25\n  train.episodes: 60 -> 70\n"));
  EXPECT_THAT(FaultOf({kept, "train.batch=3"}),
              HasSubstr("kept state \"hebb\" has shape [2, 12, 12], but the model's has [3, 12, 12]"));
  EXPECT_EQ(contents(), before);
}

// Without a model beside it the checkpoint alone says what it was made with.
TEST_F(ResumeTest, RefusesTheCheckpointOfAnotherRun) {
  Train("run", {}, false, SystemClock());
  files_->Remove(folder_.Path("run/model.pbtxt"));
  EXPECT_THAT(FaultOf({"train.seed=2"}), HasSubstr("was made with seed 1, but the model now has 2"));
  EXPECT_THAT(FaultOf({"train.sgd.momentum=0.9"}), HasSubstr("optimizer adam"));
  EXPECT_THAT(FaultOf({"n=13"}), HasSubstr("has shape [12, 12], but the model's has [13, 13]"));
  EXPECT_THAT(FaultOf({"name=other"}), HasSubstr("model small"));
  EXPECT_EQ(FaultOf({}), "");
}

// Without a checkpoint from the start, a resume would begin with the values of the model.
TEST_F(ResumeTest, KnowsTheFileThatTheRunBeganWith) {
  Train("other", {"train.seed=3", "train.episodes=0"}, false, SystemClock());
  const std::string init = folder_.Path("other/last.ckpt");
  Train("whole", {}, false, SystemClock(), init);
  EXPECT_THROW(Train("parts", {}, false, KillingClock(5), init), Killed);
  EXPECT_EQ(ReadCheckpoint(*files_, folder_.Path("parts/last.ckpt")).episode, 0);
  Train("parts", {}, true, SystemClock());
  EXPECT_EQ(folder_.Read("whole/last.ckpt"), folder_.Read("parts/last.ckpt"));
}

// A run that goes back to last.ckpt knows of the best.ckpt beside it.
TEST_F(ResumeTest, LastIsNotOlderThanBest) {
  const Overrides overrides = {"train.checkpoints.last_every=1000", "train.evaluation.every=6",
                               "train.evaluation.episodes=3"};
  EXPECT_THROW(Train("run", overrides, false, KillingClock(20)), Killed);
  const Checkpoint best = ReadCheckpoint(*files_, folder_.Path("run/best.ckpt"));
  const Checkpoint last = ReadCheckpoint(*files_, folder_.Path("run/last.ckpt"));
  EXPECT_GT(best.episode, 0);
  EXPECT_GE(last.episode, best.episode);
  EXPECT_EQ(last.best_metric, best.best_metric);
}

}  // namespace
}  // namespace plgraph
