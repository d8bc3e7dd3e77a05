#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "tests/cli/cli_test.h"

namespace plgraph {
namespace {

using ::testing::HasSubstr;

class CliTrainTest : public CliTest {
 protected:
  // Of every line of metrics.jsonl.
  std::vector<std::int64_t> Episodes(const std::string& run) {
    std::vector<std::int64_t> episodes;
    std::istringstream text(folder_.Read(run + "/metrics.jsonl"));
    for (std::string line; std::getline(text, line);) {
      episodes.push_back(nlohmann::json::parse(line)["episode"].get<std::int64_t>());
    }
    return episodes;
  }
};

TEST_F(CliTrainTest, TrainWritesARunAndSaysSo) {
  const ToolResult result = Run({"train", "small.pbtxt", "--run-dir", "runs/deep/a"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("trained 60 episodes of small.pbtxt"));
  EXPECT_THAT(result.err, HasSubstr("episode 60/60  loss "));
  EXPECT_EQ(result.err.find('\r'), std::string::npos);
  EXPECT_TRUE(folder_.Exists("runs/deep/a/last.ckpt"));
  EXPECT_TRUE(folder_.Exists("runs/deep/a/best.ckpt"));
}

TEST_F(CliTrainTest, TrainRefusesAFolderThatHoldsARun) {
  Train();
  const std::string fault = Fault(2, {"train", "small.pbtxt", "--run-dir", "run"});
  EXPECT_THAT(fault, HasSubstr("already holds a run"));
  EXPECT_THAT(fault, HasSubstr("--resume"));
  EXPECT_THAT(Fault(2, {"train", "small.pbtxt", "--run-dir", "none", "--resume"}), HasSubstr("holds no run"));
}

TEST_F(CliTrainTest, TrainStartsFromAFile) {
  Train();
  Output(
      {"train", "small.pbtxt", "--run-dir", "next", "--init", "run/best.ckpt", "--set", "train.episodes=0"});
  Output({"checkpoint", "export", "run/best.ckpt", "w.npz"});
  Output({"train", "small.pbtxt", "--run-dir", "npz", "--init", "w.npz", "--set", "train.episodes=0"});
  EXPECT_EQ(folder_.Read("next/last.ckpt"), folder_.Read("npz/last.ckpt"));
  EXPECT_THAT(Fault(2, {"train", "small.pbtxt", "--run-dir", "x", "--init", "nowhere.npz"}),
              HasSubstr("nowhere.npz"));
  EXPECT_THAT(Fault(2, {"train", "small.pbtxt", "--run-dir", "x", "--init", "small.pbtxt"}),
              HasSubstr("neither"));
  EXPECT_THAT(Fault(2, {"train", "small.pbtxt", "--run-dir", "x", "--init", "w.npz", "--set", "n=13"}),
              HasSubstr("has shape [12, 12]"));
  EXPECT_THAT(Fault(2, {"train", "small.pbtxt", "--run-dir", "run", "--resume", "--init", "w.npz"}),
              HasSubstr("--init"));
  EXPECT_FALSE(folder_.Exists("x"));
}

TEST_F(CliTrainTest, ThreadsDoNotChangeTheFile) {
  const std::vector<std::string> common = {"train", "small.pbtxt", "--set",
                                           "n=90",  "--set",       "train.episodes=20"};
  for (const std::string threads : {"1", "2"}) {
    std::vector<std::string> arguments = common;
    arguments.insert(arguments.end(), {"--threads", threads, "--run-dir", "threads" + threads});
    Output(arguments);
  }
  EXPECT_EQ(folder_.Read("threads1/last.ckpt"), folder_.Read("threads2/last.ckpt"));
}

TEST_F(CliTrainTest, KilledAndResumedIsTheSameRun) {
  std::vector<std::string> arguments = {"train", "small.pbtxt",
                                        "--set", "train.episodes=1500",
                                        "--set", "train.checkpoints.last_every=100",
                                        "--set", "train.evaluation.every=250"};
  std::vector<std::string> whole = arguments;
  whole.insert(whole.end(), {"--run-dir", "whole"});
  Output(whole);

  arguments.insert(arguments.end(), {"--run-dir", "parts"});
  int kills = 0;
  for (int i = 0; i < 3; ++i) {
    const pid_t process = StartTool(arguments, folder_.Path(""));
    const auto size = [&] {
      const std::string path = folder_.Path("parts/metrics.jsonl");
      return std::filesystem::exists(path) ? std::filesystem::file_size(path) : 0;
    };
    const auto before = size();
    for (int wait = 0; wait < 20000 && size() < before + 15000; ++wait) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    kills += Kill(process) ? 1 : 0;
    if (i == 0) arguments.push_back("--resume");
  }
  EXPECT_GE(kills, 1);
  Output(arguments);
  EXPECT_EQ(folder_.Read("whole/last.ckpt"), folder_.Read("parts/last.ckpt"));
  EXPECT_EQ(folder_.Read("whole/best.ckpt"), folder_.Read("parts/best.ckpt"));
  EXPECT_EQ(Episodes("whole"), Episodes("parts"));
}

TEST_F(CliTrainTest, ADamagedCheckpointIsNotResumed) {
  Train();
  std::string checkpoint = folder_.Read("run/last.ckpt");
  checkpoint[checkpoint.size() / 2] ^= 4;
  folder_.Write("run/last.ckpt", checkpoint);
  const std::string metrics = folder_.Read("run/metrics.jsonl");
  EXPECT_THAT(Fault(1, {"train", "small.pbtxt", "--run-dir", "run", "--resume"}), HasSubstr("run/last.ckpt"));
  EXPECT_EQ(folder_.Read("run/metrics.jsonl"), metrics);
}

TEST_F(CliTrainTest, ADivergedRunIsExitCodeOne) {
  const ToolResult result =
      Run({"train", "small.pbtxt", "--run-dir", "run", "--set", "train.sgd.learning_rate=1e30"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("is not finite"));
}

TEST_F(CliTrainTest, ADivergedRunGoesBackOnRequest) {
  const ToolResult result = Run({"train", "small.pbtxt", "--run-dir", "run", "--set", "train.on_nan=ROLLBACK",
                                 "--set", "train.sgd.learning_rate=1e38"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err,
              HasSubstr("back to episode 0, at 0.5 of the learning rate (rollback 1 of at most 8)"));
  EXPECT_THAT(result.err, HasSubstr("has gone back 8 times"));
}

TEST_F(CliTrainTest, ADivergedRunOfAPlanNamesNoLine) {
  Output({"compile", "small.pbtxt", "-o", "small.plan"});
  EXPECT_THAT(Fault(1, {"train", "small.plan", "--run-dir", "run", "--set", "train.sgd.learning_rate=1e30"}),
              ::testing::ContainsRegex("\n  small.plan: (node|on the backward pass|parameter) "));
}

TEST_F(CliTrainTest, TooMuchMemoryIsAMessage) {
  const ToolResult result =
      Run({"train", "small.pbtxt", "--run-dir", "run", "--set", "n=100000", "--set", "train.batch=1000"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("of memory"));
  EXPECT_FALSE(folder_.Exists("run"));
}

}  // namespace
}  // namespace plgraph
