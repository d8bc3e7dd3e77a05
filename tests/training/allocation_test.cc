// Training allocates nothing from update to update, and loading and compiling survive every `new` that fails: those of
// this program are counted.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <limits>
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
std::atomic<std::int64_t> held{0};
// Which `new` of this thread fails, and whether those after it do: the number that still succeed.
constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();
thread_local std::int64_t good_allocations = kAll;
thread_local bool fail_forever = false;

void* Allocate(std::size_t bytes) {
  ++allocations;
  if (good_allocations-- == 0) {
    good_allocations = fail_forever ? 0 : kAll;
    throw std::bad_alloc();
  }
  ++held;
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}

}  // namespace

// The others of the standard library call these.
void* operator new(std::size_t bytes) { return Allocate(bytes); }
// std::stable_sort takes its buffer by this one.
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  try {
    return Allocate(bytes);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* memory) noexcept {
  if (memory != nullptr) --held;
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

#ifdef __SANITIZE_ADDRESS__
extern "C" const char* __lsan_default_suppressions() { return "leak:libprotobuf\n"; }  // NOLINT: its name
#endif

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

constexpr std::int64_t kFailures = 2000;  // of the many places, evenly among them

// Whether the action comes to its end although the `new` after `good` ones fails, or all do from there on.
template <typename Action>
bool Succeeds(const Action& action, std::int64_t good, bool forever) {
  fail_forever = forever;
  good_allocations = good;
  bool done = false;
  try {
    action();
    done = true;
  } catch (const std::bad_alloc&) {
  }
  good_allocations = kAll;
  return done;
}

// Lets every n-th `new` of the action fail, and expects that each ends in bad_alloc.
template <typename Action>
void FailEach(const Action& action, bool leaks) {
  ASSERT_TRUE(Succeeds(action, kAll, false));  // what is made once for the program
  const std::int64_t before = allocations;
  ASSERT_TRUE(Succeeds(action, kAll, false));
  const std::int64_t count = allocations - before;
  std::int64_t failures = 0;
  for (const bool forever : {false, true}) {
    for (std::int64_t good = 0; good < count; good += 1 + count / kFailures) {
      const std::int64_t held_before = held;
      ASSERT_FALSE(Succeeds(action, good, forever)) << good;
      ASSERT_TRUE(leaks || held == held_before) << "leaked, failing at " << good;
      ++failures;
    }
  }
  ASSERT_TRUE(Succeeds(action, kAll, false));
  std::printf("%ld of %ld allocations failed, once and for ever\n", static_cast<long>(failures / 2),
              static_cast<long>(count));
}

constexpr std::uint64_t kUpdates = 1000;

TEST(Allocation, TheCountSeesOne) {
  const std::int64_t before = allocations;
  ::operator delete(::operator new(1));  // a pair of expressions may be left out
  EXPECT_EQ(allocations - before, 1);
}

// Protocol Buffers itself leaks a message that it cannot append.
TEST(Allocation, LoadingSurvivesEachThatFails) {
  const TempFolder folder;
  const std::unique_ptr<FileSystem> files = MakePosixFileSystem();
  const std::string path = folder.Write("small.pbtxt", kSmallModel);
  FailEach([&] { LoadModel(*files, path, {"train.batch=3"}); }, true);
}

TEST(Allocation, CompilingSurvivesEachThatFails) {
  const TempFolder folder;
  const std::unique_ptr<FileSystem> files = MakePosixFileSystem();
  const LoadedModel loaded = LoadModel(*files, folder.Write("small.pbtxt", kSmallModel), {});
  FailEach([&] { MakeExecutable(loaded, OptionsFor(loaded, 13, true)); }, false);
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
