// A training that is stopped by a signal or by the time, and one whose folder is taken or cannot be written.
#include <signal.h>
#include <sys/resource.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

#include "tests/cli/cli_test.h"

namespace plgraph {
namespace {

using ::testing::HasSubstr;
using Words = std::vector<std::string>;

constexpr std::int64_t kSmallFile = 4000;  // bytes: less than a checkpoint

class CliStopTest : public CliTest {
 protected:
  static bool Within20Seconds(const std::function<bool()>& condition) {
    for (int wait = 0; wait < 20000; ++wait) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
  }
  std::string Text(const std::string& name) {
    std::ostringstream text;
    text << std::ifstream(folder_.Path(name)).rdbuf();
    return text.str();
  }
  bool Says(const std::string& text) { return Text("stderr.txt").find(text) != std::string::npos; }
  // Lines do not meet checkpoints: the means between them are half gathered when the run is stopped.
  static Words LongRun(const std::string& run, const Words& more = {}) {
    Words words = {"train",     "small.pbtxt",
                   "--set",     "train.episodes=6000",
                   "--set",     "train.report_every=14",
                   "--set",     "train.checkpoints.last_every=1000",
                   "--run-dir", run};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  // Of a run whose next update does not end before the test.
  pid_t StartEndlessUpdate() {
    Train();
    const pid_t process = StartTool({"train", "small.pbtxt", "--run-dir", "run", "--resume", "--set",
                                     "train.accumulate=10000000", "--set", "train.episodes=100000000"},
                                    folder_.Path(""));
    EXPECT_TRUE(Within20Seconds([&] { return Says("resuming run after episode 60"); }));
    return process;
  }
  void ExpectSameRun(const std::string& run) {
    for (const std::string name : {"/last.ckpt", "/best.ckpt"}) {
      EXPECT_EQ(folder_.Read("whole" + name), folder_.Read(run + name)) << name;
    }
  }

  void ExpectStops(int signal, int exit_code) {
    const pid_t process = StartTool(LongRun("parts"), folder_.Path(""));
    EXPECT_TRUE(Within20Seconds([&] { return Text("parts/metrics.jsonl").size() > 2000; }));
    EXPECT_TRUE(Signal(process, signal));
    const ToolResult result = WaitForTool(process, folder_.Path(""));
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr("of 6000; --resume goes on from parts/last.ckpt"));
    Output({"checkpoint", "verify", "parts/last.ckpt"});
    Output(LongRun("parts", {"--resume"}));
    ExpectSameRun("parts");
  }
};

TEST_F(CliStopTest, SignalsFinishTheUpdateAndSave) {
  Output(LongRun("whole"));
  ExpectStops(SIGINT, 130);
  std::filesystem::remove_all(folder_.Path("parts"));
  ExpectStops(SIGTERM, 143);
  std::filesystem::remove_all(folder_.Path("parts"));
  ExpectStops(SIGHUP, 129);
}

TEST_F(CliStopTest, ASecondSignalEndsAtOnceAndLosesNothing) {
  const pid_t process = StartEndlessUpdate();
  const std::string last = folder_.Read("run/last.ckpt");
  EXPECT_TRUE(Signal(process, SIGINT));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_TRUE(Signal(process, SIGINT));  // the update goes on
  EXPECT_EQ(WaitForTool(process, folder_.Path("")).exit_code, -SIGINT);
  EXPECT_EQ(folder_.Read("run/last.ckpt"), last);
  Output({"train", "run", "--resume", "--set", "train.accumulate=1", "--set", "train.episodes=62"});
}

// A terminal that closes sends SIGHUP twice.
TEST_F(CliStopTest, ASecondHangUpDoesNotEndTheUpdate) {
  const pid_t process = StartEndlessUpdate();
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(Signal(process, SIGHUP));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_TRUE(Kill(process));
}

TEST_F(CliStopTest, MaxTimeStopsAndResumeGoesOn) {
  Output({"train", "small.pbtxt", "--run-dir", "whole"});
  Words words = {"train", "small.pbtxt", "--run-dir", "parts", "--max-time", "0.000000001h"};
  for (int part = 1; part <= 3; ++part) {
    const ToolResult result = Run(words);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_THAT(result.err, HasSubstr("stopped after episode " + std::to_string(2 * part) + " of 60"));
    if (part == 1) words.push_back("--resume");
  }
  words[5] = "30m";
  EXPECT_THAT(Output(words), HasSubstr("trained 60 episodes"));
  ExpectSameRun("parts");
  words[5] = "0";
  EXPECT_THAT(Fault(2, words), HasSubstr("--max-time"));
  words[5] = "3 days";
  EXPECT_THAT(Fault(2, words), HasSubstr("--max-time"));
}

TEST_F(CliStopTest, ASecondTrainerIsKeptOutUntilTheFirstIsKilled) {
  const pid_t process = StartEndlessUpdate();
  const Words resume = {"train", "small.pbtxt", "--run-dir", "run", "--resume"};
  EXPECT_THAT(Fault(2, resume),
              HasSubstr("run: another training is writing into this folder; wait for its end or "
                        "stop it, or choose another --run-dir"));
  EXPECT_TRUE(Kill(process));
  Output({"train", "run", "--resume", "--set", "train.accumulate=1", "--set", "train.episodes=62"});
}

// No file may grow beyond what the metrics of some episodes take, for a while.
TEST_F(CliStopTest, ASaveThatFailedOnceIsAWarning) {
  const Words longer = {"--set", "train.episodes=30000"};
  Words first = longer;
  first.insert(first.end(), {"--max-time", "1e-9"});
  Output(LongRun("run", first));
  const pid_t process = StartTool({"train", "run", "--resume"}, folder_.Path(""));
  rlimit limit = {kSmallFile, RLIM_INFINITY};
  ASSERT_EQ(prlimit(process, RLIMIT_FSIZE, &limit, nullptr), 0);
  EXPECT_TRUE(Within20Seconds([&] { return Says("cannot write: File too large"); }));
  limit.rlim_cur = RLIM_INFINITY;
  ASSERT_EQ(prlimit(process, RLIMIT_FSIZE, &limit, nullptr), 0);
  const ToolResult result = WaitForTool(process, folder_.Path(""));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("not saved after episode "));
  EXPECT_THAT(result.err, HasSubstr(" times something was not saved"));
  EXPECT_THAT(result.out, HasSubstr("trained 30000 episodes"));
  Output(LongRun("whole", longer));
  ExpectSameRun("run");
}

TEST_F(CliStopTest, ALastStateThatCannotBeSavedIsExitCodeOne) {
  Train();
  const ToolResult result = RunTool({"train", "run", "--resume", "--set", "train.episodes=70"},
                                    folder_.Path(""), {.most_file_bytes = kSmallFile});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err,
              HasSubstr("not saved after episode 70: run/last.ckpt: cannot write: File too large\n"));
  EXPECT_THAT(result.err, HasSubstr("run: the state after episode 70 could not be saved"));
  EXPECT_TRUE(folder_.Exists("run/best.ckpt"));
  Output({"train", "run", "--resume"});
  Output({"train", "small.pbtxt", "--run-dir", "whole", "--set", "train.episodes=70"});
  EXPECT_EQ(folder_.Read("whole/last.ckpt"), folder_.Read("run/last.ckpt"));
}

// A process that was killed while it wrote a file leaves a temporary one.
TEST_F(CliStopTest, ResumingRemovesWhatAKilledTrainingLeft) {
  Train();
  folder_.Write("run/.plgraph-1-0.tmp", "half a checkpoint");
  folder_.Write("run/mine.tmp", "a file of the user");
  Output({"train", "small.pbtxt", "--run-dir", "run", "--resume"});
  EXPECT_FALSE(folder_.Exists("run/.plgraph-1-0.tmp"));
  EXPECT_EQ(folder_.Read("run/mine.tmp"), "a file of the user");
}

}  // namespace
}  // namespace plgraph
