// A short training of every model that comes with plgraph ends in the same checkpoint, byte for byte, with 1, 2, 3 and
// 8 threads.
#include <gtest/gtest.h>

#include "core/clock.h"
#include "tests/models/small_models.h"
#include "tests/support/temp_folder.h"
#include "tools/observe/progress.h"
#include "tools/training/trainer.h"

namespace plgraph {
namespace {

class ThreadsOfModel : public ::testing::TestWithParam<std::string> {
 protected:
  std::string LastCheckpoint(Size size, int batch, int threads) {
    const std::unique_ptr<FileSystem> files = MakePosixFileSystem();
    std::vector<std::string> overrides = SmallOverrides(*files, GetParam(), size);
    overrides.push_back("train.batch=" + std::to_string(batch));
    overrides.push_back("train.episodes=" + std::to_string(2 * batch));
    LoadedModel loaded = LoadModel(*files, GetParam(), overrides);
    loaded.model.mutable_train()->clear_evaluation();  // its images do not come with the tests
    const std::string run =
        std::to_string(static_cast<int>(size)) + "-" + std::to_string(batch) + "-" + std::to_string(threads);
    const SystemClock clock;
    SystemMemory memory;
    ThreadPool pool(threads);
    Progress progress(nullptr, false, clock);
    Trainer(loaded, {*files, clock, memory, pool}, progress).Run({.run_dir = folder_.Path(run)});
    return folder_.Read(run + "/last.ckpt");
  }

  TempFolder folder_;
};

TEST_P(ThreadsOfModel, DecideNoBitOfATraining) {
  const std::pair<Size, int> runs[] = {{Size::kSmall, 5}, {Size::kTiled, 5}, {Size::kTiled, 1}};
  for (const auto& [size, batch] : runs) {
    const std::string expected = LastCheckpoint(size, batch, 1);
    EXPECT_FALSE(expected.empty());
    // Not EXPECT_EQ: nobody reads the bytes.
    for (const int threads : {2, 3, 8})
      EXPECT_TRUE(LastCheckpoint(size, batch, threads) == expected) << threads;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, ThreadsOfModel, ::testing::ValuesIn(ModelFiles()), [](const auto& model) {
  return std::filesystem::path(model.param).stem().string();
});

}  // namespace
}  // namespace plgraph
