#include "tools/training/cost.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/support/temp_folder.h"
#include "tests/training/small_model.h"
#include "tools/training/loaded_model.h"
#include "tools/training/trainer.h"

namespace plgraph {
namespace {

constexpr std::int64_t kVector = 12 * 4;
constexpr std::int64_t kMatrix = 12 * kVector;

class TrafficTest : public ::testing::Test {
 protected:
  TrafficTest() {
    folder_.Write("small.pbtxt", kSmallModel);
    const LoadedModel loaded = LoadModel(*files_, folder_.Path("small.pbtxt"), {});
    executable_ = MakeExecutable(loaded, OptionsFor(loaded, 13, true));
  }

  // Of one node as if it were on its own.
  Traffic Alone(const std::string& name) {
    const ScheduledNode scheduled = {.node = executable_.graph.Find(name)};
    return TrafficOf(executable_, std::span(&scheduled, 1))[0];
  }

  TempFolder folder_;
  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
  Executable executable_;
};

TEST_F(TrafficTest, TellsWhatIsPerSampleFromWhatIsShared) {
  const Traffic recurrent = Alone("recurrent");  // w, alpha; the trace, y and the result
  EXPECT_EQ(recurrent.call_bytes, 2 * kMatrix);
  EXPECT_EQ(recurrent.instance_bytes, kMatrix + 2 * kVector);
}

TEST_F(TrafficTest, CountsWhatAFusedLoopSharesOnce) {
  const std::vector<std::span<const ScheduledNode>> fused_loops =
      FusedLoopsOf(executable_.schedule.order(Phase::kStep));
  ASSERT_EQ(fused_loops.size(), 1U);
  ASSERT_EQ(fused_loops[0].size(), 2U);  // the update of the trace, pipelined by one step, and the read
  Traffic sum;
  for (const Traffic& own : TrafficOf(executable_, fused_loops[0])) {
    sum.call_bytes += own.call_bytes;
    sum.instance_bytes += own.instance_bytes;
  }
  // The trace, y of both rounds and the result; w, alpha and the two factors of the update.
  EXPECT_EQ(sum.instance_bytes, kMatrix + 3 * kVector);
  EXPECT_EQ(sum.call_bytes, 2 * kMatrix + 2 * 4);
}

// Has so much and no more.
class LimitedMemory : public SystemMemory {
 public:
  explicit LimitedMemory(std::int64_t bytes) : bytes_(bytes) {}
  std::int64_t Available() const override { return bytes_; }

 private:
  std::int64_t bytes_;
};

// The arenas of training and evaluation fit, each by itself; both and a checkpoint do not.
TEST(PeakMemory, IsWhatTheTrainerAsksForAtOnce) {
  const TempFolder folder;
  folder.Write("small.pbtxt", kSmallModel);
  const auto files = MakePosixFileSystem();
  const LoadedModel loaded =
      LoadModel(*files, folder.Path("small.pbtxt"), {"n=64", "train.evaluation.every=20"});
  const Executable training = MakeExecutable(loaded, OptionsFor(loaded, 13, true));
  const auto data = OpenData(loaded, DataUse::kEvaluation, *files);
  const Executable evaluation =
      MakeExecutable(loaded, ForwardOptions(loaded, *data, loaded.model.train().evaluation().episodes()));
  const PeakMemory peak = PredictPeakMemory(loaded, training, &evaluation, 0);
  EXPECT_EQ(peak.arenas, 4 * (training.memory.size + evaluation.memory.size));
  constexpr std::int64_t kParameters = 2 * 64 * 64 + 1 + 64;
  constexpr std::int64_t kTrained = kParameters - 64;
  EXPECT_NEAR(static_cast<double>(peak.copies), 4 * (kParameters + 2 * kTrained),
              4 * 6 * 16);  // aligned moments
  EXPECT_EQ(peak.running(), peak.arenas + peak.copies);

  const SystemClock clock;
  ThreadPool pool(1);
  Progress progress(nullptr, false, clock);
  const auto start = [&](std::int64_t bytes) -> std::string {
    LimitedMemory memory(bytes);
    try {
      Trainer(loaded, {*files, clock, memory, pool}, progress);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kRuntime);
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(start(peak.running()), "");
  EXPECT_EQ(
      start(peak.running() - 1),
      fmt::format(
          "{}: the run needs {:.1f} MB of memory but {:.1f} MB are available; take a smaller batch, fewer "
          "steps or smaller layers",
          loaded.path, static_cast<double>(peak.running()) / 1e6,
          static_cast<double>(peak.running() - 1) / 1e6));
}

}  // namespace
}  // namespace plgraph
