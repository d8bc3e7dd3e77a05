#include "tools/training/run_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "tests/support/temp_folder.h"

namespace plgraph {
namespace {

using ::testing::HasSubstr;

MetricsLine Line(std::int64_t episode) {
  return {.episode = episode,
          .training = {.loss = 0.1, .metrics = {{"error_rate", 0.25}}},
          .seconds = 1.5 * static_cast<double>(episode)};
}

Checkpoint At(std::int64_t episode) {
  Checkpoint checkpoint;
  checkpoint.episode = episode;
  checkpoint.parameters.push_back({"w", Tensor(Shape{2}, std::vector<float>{1, 2})});
  return checkpoint;
}

class RunDirectoryTest : public ::testing::Test {
 protected:
  RunDirectory Open() { return {*files_, folder_.Path("run")}; }
  std::string FaultOf(const std::function<void(RunDirectory&)>& action) {
    RunDirectory run = Open();
    try {
      action(run);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInvalid);
      return error.what();
    }
    return "";
  }
  // A run of 5 episodes whose last checkpoint is that of episode 3.
  void MakeRun() {
    RunDirectory run = Open();
    run.StartNew();
    for (std::int64_t episode = 1; episode <= 5; ++episode) {
      run.Append(Line(episode));
      if (episode == 3) run.SaveLast(At(3));
    }
  }

  TempFolder folder_;
  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
};

TEST_F(RunDirectoryTest, WritesOneJsonObjectPerLine) {
  MetricsLine line = Line(7);
  line.training.metrics.emplace_back("a \"quoted\" name", std::numeric_limits<double>::quiet_NaN());
  line.evaluation = Measures{.loss = 2, .metrics = {{"error_rate", 0.5}}};
  const nlohmann::json json = nlohmann::json::parse(ToJson(line));
  EXPECT_EQ(json["episode"], 7);
  EXPECT_EQ(json["loss"], 0.1);
  EXPECT_EQ(json["error_rate"], 0.25);
  EXPECT_TRUE(json["a \"quoted\" name"].is_null());
  EXPECT_EQ(json["evaluation_loss"], 2.0);
  EXPECT_EQ(json["evaluation_error_rate"], 0.5);
  EXPECT_EQ(json["seconds"], 10.5);
  EXPECT_EQ(ToJson(line).find('\n'), std::string::npos);
}

TEST_F(RunDirectoryTest, IsNotStartedTwice) {
  MakeRun();
  EXPECT_THAT(FaultOf([](RunDirectory& run) { run.StartNew(); }),
              HasSubstr("already holds a run (last.ckpt, metrics.jsonl); go on with it by --resume"));
}

TEST_F(RunDirectoryTest, IsStartedAgainWhenItWasKilledBeforeItBegan) {
  Open().StartNew();
  EXPECT_EQ(FaultOf([](RunDirectory& run) { run.StartNew(); }), "");
}

TEST_F(RunDirectoryTest, OverwritesNoModelOfTheUser) {
  files_->CreateFolders(folder_.Path("run"));
  folder_.Write("run/model.pbtxt", "# mine");
  EXPECT_THAT(FaultOf([](RunDirectory& run) { run.StartNew(); }),
              HasSubstr("run: holds a model.pbtxt that is not of a run and would be overwritten"));
}

TEST_F(RunDirectoryTest, IsResumedOnlyWhereThereIsARun) {
  EXPECT_THAT(FaultOf([](RunDirectory& run) { run.Resume(); }),
              HasSubstr("holds no run that could be resumed (no last.ckpt)"));
}

TEST_F(RunDirectoryTest, IsNotResumedWithoutItsLastCheckpoint) {
  MakeRun();
  {
    RunDirectory run = Open();
    run.Resume();
    run.SaveBest(At(2));
  }
  files_->Remove(folder_.Path("run/last.ckpt"));
  const std::string best = folder_.Read("run/best.ckpt");
  const std::string text = folder_.Read("run/metrics.jsonl");
  EXPECT_THAT(FaultOf([](RunDirectory& run) { run.Resume(); }),
              HasSubstr("has lost its last.ckpt, from which --resume goes on, but still holds best.ckpt, "
                        "metrics.jsonl; copy one of its checkpoints to last.ckpt"));
  EXPECT_THAT(FaultOf([](RunDirectory& run) { run.StartNew(); }), HasSubstr("already holds a run"));
  EXPECT_EQ(folder_.Read("run/best.ckpt"), best);
  EXPECT_EQ(folder_.Read("run/metrics.jsonl"), text);
}

TEST_F(RunDirectoryTest, CutsMetricsBackToTheCheckpoint) {
  MakeRun();
  const std::string text = folder_.Read("run/metrics.jsonl");
  RunDirectory run = Open();
  EXPECT_EQ(run.Resume().episode, 3);
  EXPECT_EQ(folder_.Read("run/metrics.jsonl"), text);  // until it is known that the run goes on
  EXPECT_EQ(run.CutMetrics(3), "");
  EXPECT_EQ(run.seconds_before(), 4.5);
  for (const std::int64_t episode : {4, 5}) run.Append(Line(episode));
  EXPECT_EQ(folder_.Read("run/metrics.jsonl"), text);
}

TEST_F(RunDirectoryTest, DropsATornLine) {
  MakeRun();
  const std::string text = folder_.Read("run/metrics.jsonl");
  // Torn within the line of episode 3 and within that of episode 4.
  for (const std::string& cut : {text.substr(0, text.find("{\"episode\": 3") + 20),
                                 text.substr(0, text.find("{\"episode\": 4") + 20)}) {
    folder_.Write("run/metrics.jsonl", cut);
    RunDirectory run = Open();
    run.Resume();
    EXPECT_EQ(run.CutMetrics(3), "");
    EXPECT_EQ(folder_.Read("run/metrics.jsonl"), cut.substr(0, cut.rfind('\n') + 1));
  }
}

TEST_F(RunDirectoryTest, LosesNoLineButTheOneThatCannotBeRead) {
  MakeRun();
  const std::string text = folder_.Read("run/metrics.jsonl");
  std::string damaged = text;
  damaged.replace(damaged.find("\"episode\": 2"), 9, "\"fpisode\"");
  folder_.Write("run/metrics.jsonl", damaged);
  RunDirectory run = Open();
  run.Resume();
  EXPECT_EQ(run.CutMetrics(3),
            folder_.Path("run/metrics.jsonl") + ":2: not a line of metrics; it was left out");
  const size_t second = text.find("{\"episode\": 2");
  const size_t third = text.find("{\"episode\": 3");
  const size_t fourth = text.find("{\"episode\": 4");
  EXPECT_EQ(folder_.Read("run/metrics.jsonl"), text.substr(0, second) + text.substr(third, fourth - third));
  EXPECT_EQ(run.seconds_before(), 4.5);
}

TEST_F(RunDirectoryTest, CountsTheLinesThatCannotBeRead) {
  MakeRun();
  folder_.Write("run/metrics.jsonl", "{}\nno line\n\n");
  RunDirectory run = Open();
  run.Resume();
  EXPECT_THAT(run.CutMetrics(3), HasSubstr(":1: not a line of metrics; it was left out, and so were 2 more"));
}

TEST_F(RunDirectoryTest, KeepsASecondTrainerOut) {
  MakeRun();
  {
    RunDirectory first = Open();
    first.Resume();
    for (const std::string& fault : {FaultOf([](RunDirectory& run) { run.Resume(); }),
                                     FaultOf([](RunDirectory& run) { run.StartNew(); })}) {
      EXPECT_THAT(fault, HasSubstr(folder_.Path("run") + ": another training is writing into this folder"));
    }
  }
  EXPECT_EQ(FaultOf([](RunDirectory& run) { run.Resume(); }), "");
}

TEST_F(RunDirectoryTest, NamesCheckpointsByEpisode) {
  RunDirectory run = Open();
  run.StartNew();
  run.SaveEpisode(At(40));
  run.SaveBest(At(41));
  EXPECT_TRUE(folder_.Exists("run/episode-40.ckpt"));
  EXPECT_TRUE(folder_.Exists("run/best.ckpt"));
}

}  // namespace
}  // namespace plgraph
