// A training whose files or memory fail at any point.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>

#include "core/error.h"
#include "tests/support/failing_file_system.h"
#include "tests/support/joined_events.h"
#include "tests/support/temp_folder.h"
#include "tests/training/small_model.h"
#include "tools/training/trainer.h"

namespace plgraph {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kEpisodes = 24;

struct Outcome {
  std::string fault = {};  // that ended the run; "": none did
  std::int64_t episode = 0;
  bool last_saved = false;
  std::int64_t lost_saves = 0;
  std::string messages = {};
};

class FailingSavesTest : public ::testing::Test {
 protected:
  FailingSavesTest() {
    folder_.Write("small.pbtxt", kSmallModel);
    for (const std::string start : {"", "train.episodes=8"}) Prepare(start);
  }

  LoadedModel Load(const std::string& override) {
    return LoadModel(*files_, folder_.Path("small.pbtxt"),
                     {"train.episodes=24", "train.report_every=4", "train.checkpoints.last_every=8",
                      "train.checkpoints.every=12", override.empty() ? "train.seed=1" : override});
  }
  // "whole" is the run that nothing disturbs, "begun" one that has 8 episodes.
  void Prepare(const std::string& override) {
    const LoadedModel loaded = Load(override);
    Train(loaded, *files_, override.empty() ? "whole" : "begun", false);
  }
  Outcome Train(const LoadedModel& loaded, FileSystem& files, const std::string& run, bool resume,
                bool tensorboard = false) {
    std::FILE* out = std::fopen(folder_.Path("messages").c_str(), "w");
    Outcome outcome;
    {
      Progress progress(out, false, clock_);
      Trainer trainer(loaded, {files, clock_, memory_, pool_}, progress);
      try {
        trainer.Run({.run_dir = folder_.Path(run), .resume = resume, .tensorboard = tensorboard});
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kRuntime);
        outcome.fault = error.what();
      }
      outcome.episode = trainer.episode();
      outcome.last_saved = trainer.last_saved();
      outcome.lost_saves = trainer.lost_saves();
    }
    std::fclose(out);
    outcome.messages = folder_.Read("messages");
    return outcome;
  }
  void Begin(const std::string& run, bool resume) {
    std::filesystem::remove_all(folder_.Path(run));
    if (resume) std::filesystem::copy(folder_.Path("begun"), folder_.Path(run));
  }
  // The bytes of a checkpoint without what depends on which best.ckpt could be saved.
  std::vector<std::byte> Numbers(const std::string& run) {
    Checkpoint checkpoint = ReadCheckpoint(*files_, folder_.Path(run + "/last.ckpt"));
    checkpoint.best_metric.reset();
    return EncodeCheckpoint(checkpoint);
  }
  // Whatever is there is intact; a checkpoint that was there has not gone.
  void ExpectWhole(const std::string& run, bool resume, const Outcome& outcome) {
    for (const std::string name : {"last", "best", "episode-12", "episode-24"}) {
      const std::string path = folder_.Path(run + "/" + name + ".ckpt");
      if (!files_->Exists(path)) continue;
      EXPECT_NO_THROW(ReadCheckpoint(*files_, path)) << name;
    }
    EXPECT_TRUE(!resume || folder_.Exists(run + "/last.ckpt"));
    if (!outcome.fault.empty()) {
      EXPECT_LE(outcome.episode, resume ? 8 : 0) << outcome.fault;  // only the start may fail
      return;
    }
    EXPECT_EQ(outcome.episode, kEpisodes);
    EXPECT_EQ(outcome.lost_saves > 0, outcome.messages.find("not saved after episode") != std::string::npos);
    EXPECT_TRUE(outcome.last_saved || outcome.lost_saves > 1);
    if (outcome.last_saved) {
      EXPECT_EQ(Numbers(run), Numbers("whole"));
    }
  }

  TempFolder folder_;
  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
  SystemClock clock_;
  SystemMemory memory_;
  ThreadPool pool_{1};
};

TEST_F(FailingSavesTest, EndNoTrainingAndTearNothing) {
  const LoadedModel loaded = Load("");
  for (const bool resume : {false, true}) {
    Begin("run", resume);
    FailingFileSystem sound(*files_);
    EXPECT_EQ(Train(loaded, sound, "run", resume).fault, "");
    int starts = 0;
    int lost = 0;
    for (int k = 0; k < sound.operations(); ++k) {
      for (const FileFault& fault :
           {FileFault{ENOSPC}, FileFault{EIO}, FileFault{EACCES}, FileFault{ENOSPC, true}}) {
        for (const bool forever : {false, true}) {
          SCOPED_TRACE(::testing::Message()
                       << "operation " << k << ", error " << fault.error << ", short " << fault.short_write
                       << ", forever " << forever << ", resume " << resume);
          Begin("run", resume);
          FailingFileSystem files(*files_);
          files.FailAt(k, fault, forever);
          const Outcome outcome = Train(loaded, files, "run", resume);
          ExpectWhole("run", resume, outcome);
          starts += outcome.fault.empty() ? 0 : 1;
          lost += outcome.fault.empty() && !outcome.last_saved ? 1 : 0;
          EXPECT_TRUE(forever || !outcome.fault.empty() || outcome.last_saved);
          if (HasFailure()) return;
        }
      }
    }
    std::printf(
        "K = %d operations of a %s run, 8 faults at each: %d ended the start, %d left the last state "
        "unsaved\n",
        sound.operations(), resume ? "resumed" : "new", starts, lost);
  }
}

TEST_F(FailingSavesTest, AreMadeUpForWhenTheRunIsResumed) {
  const LoadedModel loaded = Load("");
  FailingFileSystem sound(*files_);
  Begin("run", true);
  Train(loaded, sound, "run", true);
  for (int k = 0; k < sound.operations(); ++k) {
    SCOPED_TRACE(k);
    Begin("run", true);
    FailingFileSystem files(*files_);
    files.FailAt(k, {EIO}, true);
    Train(loaded, files, "run", true);
    FailingFileSystem mended(*files_);
    EXPECT_EQ(Train(loaded, mended, "run", true).fault, "");
    ASSERT_EQ(Numbers("run"), Numbers("whole"));
  }
}

// A torn record hides all that is written after it, so it must go before the next one comes.
TEST_F(FailingSavesTest, LoseNoEvents) {
  const LoadedModel loaded = Load("train.episodes=8");
  Begin("run", false);
  FailingFileSystem sound(*files_);
  Train(loaded, sound, "run", false, true);
  const std::vector<std::string> events = JoinedEventTexts(*files_, folder_.Path("run/tensorboard"));
  EXPECT_FALSE(events.empty());
  for (int k = 0; k < sound.operations(); ++k) {
    SCOPED_TRACE(k);
    Begin("run", false);
    FailingFileSystem files(*files_);
    files.FailAt(k, {ENOSPC, true}, false);
    const Outcome outcome = Train(loaded, files, "run", false, true);
    if (!outcome.fault.empty()) continue;
    ASSERT_EQ(JoinedEventTexts(*files_, folder_.Path("run/tensorboard")), events);
  }
}

TEST_F(FailingSavesTest, SayWhatFailedAndWhatFollows) {
  const LoadedModel loaded = Load("");
  Begin("run", true);
  FailingFileSystem sound(*files_);
  Train(loaded, sound, "run", true);
  Begin("run", true);
  FailingFileSystem files(*files_);
  files.FailAt(sound.operations() / 2, {ENOSPC}, true);
  const Outcome outcome = Train(loaded, files, "run", true);
  EXPECT_FALSE(outcome.last_saved);
  EXPECT_THAT(outcome.messages,
              HasSubstr(": No space left on device; training goes on, and saves again at the next "
                        "interval and at its end"));
}

TEST_F(FailingSavesTest, AFullDiskIsSaidBeforeTheFirstStep) {
  const LoadedModel loaded = Load("");
  for (const bool resume : {false, true}) {
    Begin("run", resume);
    FailingFileSystem files(*files_);
    files.SetFreeBytes(1000);
    const Outcome outcome = Train(loaded, files, "run", resume);
    EXPECT_EQ(outcome.episode, resume ? 8 : 0);
    // A new run: last, best, the one beside, episode-12, episode-24.
    EXPECT_THAT(outcome.fault, HasSubstr(folder_.Path("run") + ": the checkpoints of this run need 0.0"));
    EXPECT_THAT(outcome.fault, HasSubstr(resume ? "MB (3 of 0.0" : "MB (5 of 0.0"));
    EXPECT_THAT(outcome.fault,
                HasSubstr("but the disk has room for 0.0 MB; make room, choose another --run-dir"));
    EXPECT_EQ(Train(loaded, *files_, "run", resume).fault, "");  // nothing is in the way of the next attempt
  }
}

// Gives memory until the k-th request.
class RefusingMemory : public SystemMemory {
 public:
  explicit RefusingMemory(int refused) : refused_(refused) {}
  void* Take(std::int64_t bytes) override {
    if (requests_++ == refused_) return nullptr;
    ++held_;
    return SystemMemory::Take(bytes);
  }
  void Release(void* memory, std::int64_t bytes) override {
    held_ -= memory != nullptr ? 1 : 0;
    SystemMemory::Release(memory, bytes);
  }
  int requests() const { return requests_; }
  int held() const { return held_; }

 private:
  int refused_;
  int requests_ = 0;
  int held_ = 0;
};

TEST_F(FailingSavesTest, RefusedMemoryIsAnErrorAndLeaksNothing) {
  int refused = 0;
  for (bool whole = false; !whole; ++refused) {
    RefusingMemory memory(refused);
    Begin("run", false);
    std::string fault;
    try {
      const LoadedModel loaded = Load("train.evaluation.every=12");
      Progress progress(nullptr, false, clock_);
      Trainer trainer(loaded, {*files_, clock_, memory, pool_}, progress);
      trainer.Run({.run_dir = folder_.Path("run")});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kRuntime);
      fault = error.what();
    }
    EXPECT_EQ(memory.held(), 0);
    whole = memory.requests() <= refused;
    if (whole) {
      EXPECT_EQ(fault, "");
    } else {
      EXPECT_THAT(fault, HasSubstr("MB of memory"));
      EXPECT_FALSE(folder_.Exists("run"));
    }
  }
  std::printf("K = %d requests for memory\n", refused - 1);
  EXPECT_GE(refused - 1, 2);
}

}  // namespace
}  // namespace plgraph
