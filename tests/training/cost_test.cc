#include "tools/training/cost.h"

#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"
#include "tests/training/small_model.h"
#include "tools/training/loaded_model.h"

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
    const Turn turn = {.node = executable_.graph.Find(name)};
    return TrafficOf(executable_, std::span(&turn, 1))[0];
  }

  TempFolder folder_;
  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
  Executable executable_;
};

TEST_F(TrafficTest, TellsWhatIsOneASampleFromWhatIsShared) {
  const Traffic recurrent = Alone("recurrent");  // w, alpha; the trace, y and the result
  EXPECT_EQ(recurrent.call_bytes, 2 * kMatrix);
  EXPECT_EQ(recurrent.row_bytes, kMatrix + 2 * kVector);
}

TEST_F(TrafficTest, CountsWhatASweepSharesOnce) {
  const std::vector<std::span<const Turn>> sweeps = SweepsOf(executable_.schedule.turns(Phase::kStep));
  ASSERT_EQ(sweeps.size(), 1U);
  ASSERT_EQ(sweeps[0].size(), 2U);  // the update of the trace, one round late, and the read
  Traffic sum;
  for (const Traffic& own : TrafficOf(executable_, sweeps[0])) {
    sum.call_bytes += own.call_bytes;
    sum.row_bytes += own.row_bytes;
  }
  // The trace, y of both rounds and the result; w, alpha and the two factors of the update.
  EXPECT_EQ(sum.row_bytes, kMatrix + 3 * kVector);
  EXPECT_EQ(sum.call_bytes, 2 * kMatrix + 2 * 4);
}

}  // namespace
}  // namespace plgraph
