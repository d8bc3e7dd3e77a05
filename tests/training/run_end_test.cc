// What run.json says of the end of a run.
#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"
#include "tests/training/small_model.h"
#include "tools/training/json_text.h"
#include "tools/training/trainer.h"

namespace plgraph {
namespace {

// Stands still but for its time of day, which is that of no run.
class StoppedClock : public Clock {
 public:
  double Seconds() const override { return 0; }
  double SecondsSince1970() const override { return 1530176400; }
};

class RunEndTest : public ::testing::Test {
 protected:
  RunEndTest() { folder_.Write("small.pbtxt", kSmallModel); }

  // Trains 60 episodes in batches of 2, a line after every 10, and stops after some updates; then run.json.
  Json Train(bool resume, int updates) {
    const LoadedModel loaded = LoadModel(*files_, folder_.Path("small.pbtxt"), {"train.report_every=10"});
    ThreadPool pool(1);
    Progress progress(nullptr, false, clock_);
    Trainer trainer(loaded, {*files_, clock_, memory_, pool}, progress);
    trainer.Run({.run_dir = folder_.Path("run"), .resume = resume, .stop = [&] { return --updates == 0; }});
    return ParseJson(folder_.Read("run/run.json")).value;
  }

  TempFolder folder_;
  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
  StoppedClock clock_;
  SystemMemory memory_;
};

TEST_F(RunEndTest, IsThatOfTheRunAndNotOfItsLastLine) {
  const Json stopped = Train(false, 13);
  EXPECT_EQ(TextAt(stopped, "stopped"), "2018-06-28T09:00:00Z");
  EXPECT_EQ(TextAt(stopped, "finished"), "");
  EXPECT_EQ(IntegerAt(stopped, "episodes"), 26);
  EXPECT_EQ(IntegerAt(stopped, "total_episodes"), 60);
  EXPECT_EQ(stopped["seconds"], 0.0);
  const std::string metrics = folder_.Read("run/metrics.jsonl");
  EXPECT_EQ(metrics.find("{\"episode\": 20"), metrics.rfind("{\"episode\": "));
  const Json finished = Train(true, 1000);
  EXPECT_EQ(TextAt(finished, "finished"), "2018-06-28T09:00:00Z");
  EXPECT_EQ(TextAt(finished, "stopped"), "");
  EXPECT_EQ(IntegerAt(finished, "episodes"), 60);
}

}  // namespace
}  // namespace plgraph
