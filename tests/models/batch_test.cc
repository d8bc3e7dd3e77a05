// A batch of 8 episodes has the gradient that is the mean of the gradients of the 8 run singly: of every model that
// comes with plgraph, in float and in double, at a small size and at one where fused loops go over the matrices in
// tiles, some samples after the others; and it has the same bits whoever runs which samples.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/models/small_models.h"
#include "tests/support/relative_difference.h"
#include "tools/training/episode_runner.h"
#include "tools/training/loaded_model.h"
#include "tools/training/parameters.h"
#include "tools/training/services.h"

namespace plgraph {
namespace {

constexpr std::int64_t kEpisodes = 8;

// The gradients of the mean loss of the first kEpisodes episodes, run `batch` at a time.
template <typename T>
std::vector<std::vector<double>> MeanGradients(const std::string& path, Size size, std::int64_t batch,
                                               int thread_count = 2) {
  const std::unique_ptr<FileSystem> files = MakePosixFileSystem();
  std::vector<std::string> overrides = SmallOverrides(*files, path, size);
  overrides.push_back("train.batch=" + std::to_string(batch));
  const LoadedModel loaded = LoadModel(*files, path, overrides);
  const std::unique_ptr<DataSource> data = OpenData(loaded, DataUse::kTraining, *files);
  CompileOptions options = OptionsFor(loaded, data->steps(), true);
  options.dtype = kDTypeOf<T>;
  const Executable executable = MakeExecutable(loaded, options);
  SystemMemory memory;
  ThreadPool threads(thread_count);
  Executor<T> executor(executable, memory, threads);
  InitializeParameters(loaded, *files, executor);
  EpisodeRunner<T> runner(executor, *data, InputPorts(loaded.graph), loaded.model.train().seed());
  std::vector<std::vector<double>> means(executable.graph.gradients.size());
  for (std::int64_t first = 0; first < kEpisodes; first += batch) {
    runner.Forward(static_cast<std::uint64_t>(first), 0);
    executor.Backward(runner.Context(static_cast<std::uint64_t>(first), 0));
    for (size_t g = 0; g < means.size(); ++g) {
      const std::span<const T> gradient = executor.Gradient(g);
      means[g].resize(gradient.size());
      const double share = static_cast<double>(batch) / kEpisodes;
      for (size_t i = 0; i < gradient.size(); ++i) means[g][i] += share * static_cast<double>(gradient[i]);
    }
  }
  return means;
}

template <typename T>
void ExpectBatchEqualsSingles(const std::string& path, Size size, double tolerance) {
  const std::vector<std::vector<double>> batch = MeanGradients<T>(path, size, kEpisodes);
  const std::vector<std::vector<double>> singles = MeanGradients<T>(path, size, 1);
  ASSERT_FALSE(batch.empty());
  for (size_t g = 0; g < batch.size(); ++g) {
    ASSERT_EQ(batch[g].size(), singles[g].size());
    EXPECT_LT(RelativeDifference(singles[g], batch[g]), tolerance) << path << ", gradient " << g;
  }
}

class BatchOfModel : public ::testing::TestWithParam<std::string> {};

// A gradient of a network of images is the sum of some thousand numbers of either sign for each episode.
double FloatTolerance(const std::string& path) {
  const std::unique_ptr<FileSystem> files = MakePosixFileSystem();
  return LoadModel(*files, path, {}).model.train().data().has_images() ? 1e-5 : 1e-6;
}

TEST_P(BatchOfModel, EqualsItsEpisodesInFloat) {
  ExpectBatchEqualsSingles<float>(GetParam(), Size::kSmall, FloatTolerance(GetParam()));
}
TEST_P(BatchOfModel, EqualsItsEpisodesInDouble) {
  ExpectBatchEqualsSingles<double>(GetParam(), Size::kSmall, 1e-13);
}
TEST_P(BatchOfModel, EqualsItsEpisodesInTiles) {
  ExpectBatchEqualsSingles<double>(GetParam(), Size::kTiled, 1e-13);
}
TEST_P(BatchOfModel, HasTheSameBitsOnAnyNumberOfThreads) {
  for (const Size size : {Size::kSmall, Size::kTiled}) {
    const auto expected = MeanGradients<float>(GetParam(), size, kEpisodes, 1);
    for (const int threads : {2, 3}) {
      EXPECT_EQ(MeanGradients<float>(GetParam(), size, kEpisodes, threads), expected)
          << static_cast<int>(size) << ", " << threads;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, BatchOfModel, ::testing::ValuesIn(ModelFiles()), [](const auto& model) {
  return std::filesystem::path(model.param).stem().string();
});

}  // namespace
}  // namespace plgraph
