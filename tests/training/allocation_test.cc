// Training allocates nothing from update to update: every `new` of this program is counted.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "tests/support/temp_folder.h"
#include "tests/training/small_model.h"
#include "tools/training/episode_runner.h"
#include "tools/training/loaded_model.h"
#include "tools/training/optimizer.h"
#include "tools/training/parameter_updater.h"
#include "tools/training/parameters.h"
#include "tools/training/services.h"

namespace {

std::atomic<std::int64_t> allocations{0};

void* Allocate(std::size_t bytes) {
  ++allocations;
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}

}  // namespace

// The others of the standard library call these.
void* operator new(std::size_t bytes) { return Allocate(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace plgraph {
namespace {

// The `new`s of some updates, after some that may still set things up.
std::int64_t AllocationsOf(const std::vector<std::string>& overrides, int threads, std::uint64_t updates) {
  const TempFolder folder;
  const std::unique_ptr<FileSystem> files = MakePosixFileSystem();
  const LoadedModel loaded = LoadModel(*files, folder.Write("small.pbtxt", kSmallModel), overrides);
  const Train& train = loaded.model.train();
  const std::unique_ptr<DataSource> data = OpenData(loaded, DataUse::kTraining, *files);
  CompileOptions options = OptionsFor(loaded, data->steps(), true);
  options.optimizer_slots = OptimizerSlots(train);
  const Executable executable = MakeExecutable(loaded, options);
  SystemMemory memory;
  ThreadPool pool(threads);
  Executor<float> executor(executable, memory, pool);
  InitializeParameters(loaded, *files, executor);
  EpisodeRunner<float> runner(executor, *data, InputPorts(loaded.graph), train.seed());
  ParameterUpdater updater(train, executor, pool);
  const auto train_on = [&](std::uint64_t update) {
    const std::uint64_t episode = update * static_cast<std::uint64_t>(runner.batch());
    for (std::int64_t window = 0; window < runner.windows(); ++window) {
      runner.Forward(episode, window);
      if (!runner.HasLoss(window)) continue;
      executor.Backward(runner.Context(episode, window));
      updater.Update(static_cast<std::int64_t>(update), 1e-3);
    }
  };
  for (std::uint64_t update = 0; update < 3; ++update) train_on(update);
  const std::int64_t before = allocations;
  for (std::uint64_t update = 3; update < 3 + updates; ++update) train_on(update);
  return allocations - before;
}

constexpr std::uint64_t kUpdates = 1000;

TEST(Allocation, TheCountSeesOne) {
  const std::int64_t before = allocations;
  delete new int(1);
  EXPECT_EQ(allocations - before, 1);
}

TEST(Allocation, AnUpdateMakesNone) {
  for (const int threads : {1, 3}) EXPECT_EQ(AllocationsOf({}, threads, kUpdates), 0) << threads;
}

TEST(Allocation, AnUpdateWithClippingAndARateThatFallsMakesNone) {
  EXPECT_EQ(AllocationsOf({"train.clip_norm=1", "train.cosine.final_factor=0.1"}, 1, kUpdates), 0);
}

TEST(Allocation, AWindowMakesNone) {
  EXPECT_EQ(AllocationsOf({"train.truncate_steps=13", "loss.0.at=EVERY_STEP"}, 1, kUpdates), 0);
}

}  // namespace
}  // namespace plgraph
