#include "tools/observe/tensorboard_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "serialization/formats/event_file.h"
#include "tests/support/joined_events.h"
#include "tests/support/temp_folder.h"

namespace plgraph {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Stands at a time of day.
class StoppedClock : public Clock {
 public:
  explicit StoppedClock(double seconds) : seconds_(seconds) {}
  double Seconds() const override { return 0; }
  double SecondsSince1970() const override { return seconds_; }

 private:
  double seconds_;
};

class TensorBoardLogTest : public ::testing::Test {
 protected:
  // Goes on after an episode and adds a line for each of some more; returns what is said of damages.
  std::string Log(std::int64_t after, const std::vector<std::int64_t>& episodes, double now = 1530176400.7) {
    const std::string events = folder_.Path("events");
    const StoppedClock clock(now);
    const std::string damages = files_->Exists(events) ? CutEvents(*files_, events, after) : "";
    TensorBoardLog log(*files_, clock, events);
    for (const std::int64_t episode : episodes) log.AddLine({.episode = episode, .training = {}}, 0.5);
    log.Flush();
    return damages;
  }
  std::vector<std::int64_t> Steps() {
    std::vector<std::int64_t> steps;
    for (const tensorboard::Event& event : JoinedEvents(*files_, folder_.Path("events")))
      steps.push_back(event.step());
    return steps;
  }
  std::vector<std::string> Names() { return files_->List(folder_.Path("events")); }

  TempFolder folder_;
  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
};

TEST_F(TensorBoardLogTest, ARunThatGoesOnRepeatsNothing) {
  Log(0, {1, 2, 3, 4, 5});
  const std::string file = "events/" + Names().front();
  folder_.Write(file, folder_.Read(file).substr(0, folder_.Read(file).size() - 3));  // a kill
  EXPECT_THAT(Steps(), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(Log(3, {4, 5}), "");
  EXPECT_THAT(Steps(), ElementsAre(1, 2, 3, 4, 5));
  Log(5, {6});
  EXPECT_THAT(Steps(), ElementsAre(1, 2, 3, 4, 5, 6));
  Log(0, {});
  EXPECT_THAT(Steps(), IsEmpty());
}

TEST_F(TensorBoardLogTest, StartsWithinASecondLoseNothing) {
  Log(0, {});
  Log(0, {1, 2});
  Log(2, {3});
  Log(3, {});
  Log(3, {4}, 1530176300);  // the clock was set back
  EXPECT_THAT(Steps(), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(Names(),
              ElementsAre("events.out.tfevents.1530176400.plgraph", "events.out.tfevents.1530176401.plgraph",
                          "events.out.tfevents.1530176402.plgraph"));
}

TEST_F(TensorBoardLogTest, TheFilesOfAnOlderVersionAreItsOwn) {
  Log(0, {1, 2});
  files_->Rename(folder_.Path("events/" + Names().front()),
                 folder_.Path("events/events.out.tfevents.1530176400.0003.plgraph"));
  Log(1, {2});
  EXPECT_THAT(Steps(), ElementsAre(1, 2));
  EXPECT_THAT(Names(), ElementsAre("events.out.tfevents.1530176400.0003.plgraph",
                                   "events.out.tfevents.1530176401.plgraph"));
}

TEST_F(TensorBoardLogTest, FilesOfOtherProgramsAreLeftAlone) {
  Log(0, {1, 2});
  const std::vector<std::string> foreign = {
      "events.out.tfevents.1530176400.host.123.0.v2", "events.out.tfevents.1530176400.plgraph.bak",
      "events.out.tfevents.153017640x.plgraph",       "events.out.tfevents.1530176400x.plgraph",
      "events.out.tfevents.1530176400..plgraph",      "events.out.tfevents.plgraph",
      "my.events.out.tfevents.1530176400.plgraph",    "notes.txt"};
  for (const std::string& name : foreign) folder_.Write("events/" + name, "cut");
  files_->CreateFolders(folder_.Path("events/events.out.tfevents.1530176409.plgraph"));
  Log(1, {2});
  Log(0, {1});
  for (const std::string& name : foreign) EXPECT_EQ(folder_.Read("events/" + name), "cut") << name;
  EXPECT_EQ(Names().size(), foreign.size() + 2);
}

TEST_F(TensorBoardLogTest, WhatAKillLeftWhileAFileWasCutIsRemoved) {
  Log(0, {1, 2, 3});
  const std::string name = Names().front();
  folder_.Write("events/" + name + ".tmp", folder_.Read("events/" + name).substr(0, 100));
  EXPECT_EQ(Log(2, {3}), "");
  EXPECT_EQ(Log(3, {}), "");
  EXPECT_THAT(Steps(), ElementsAre(1, 2, 3));
  EXPECT_THAT(Names(), ::testing::Not(::testing::Contains(name + ".tmp")));
}

TEST_F(TensorBoardLogTest, ADamagedRecordCostsNoOther) {
  Log(0, {1, 2, 3, 4});
  const std::string path = "events/" + Names().front();
  std::string bytes = folder_.Read(path);
  const std::string sound = bytes;
  bytes[bytes.size() / 2] ^= 4;
  folder_.Write(path, bytes);
  EXPECT_EQ(Log(4, {5}), folder_.Path(path) + ": 1 record is damaged and left out");
  EXPECT_THAT(Steps(), ElementsAre(1, 3, 4, 5));
  folder_.Write(path, "some notes of mine, which are no events");
  EXPECT_EQ(Log(5, {}),
            folder_.Path(path) +
                ": is damaged from its start on; no event of it can be read, and it is left as it is");
  EXPECT_EQ(folder_.Read(path), "some notes of mine, which are no events");
}

TEST(EventFile, DamagedRecordsAreSkippedAndACutEndIsNoDamage) {
  std::vector<std::byte> bytes = EncodeRecord("one");
  const size_t begin = bytes.size();
  for (const std::string text : {"second", "third"}) {
    const std::vector<std::byte> record = EncodeRecord(text);
    bytes.insert(bytes.end(), record.begin(), record.end());
  }
  EXPECT_THAT(DecodeRecords(bytes).records, ElementsAre("one", "second", "third"));
  const size_t end = begin + EncodeRecord("second").size();
  for (size_t at = begin; at < end; ++at) {
    std::vector<std::byte> damaged = bytes;
    damaged[at] ^= std::byte{4};
    const EventRecords read = DecodeRecords(damaged);
    EXPECT_EQ(read.damaged, 1) << at;
    // A damaged length hides what follows it.
    if (at < begin + 12) {
      EXPECT_THAT(read.records, ElementsAre("one")) << at;
    } else {
      EXPECT_THAT(read.records, ElementsAre("one", "third")) << at;
    }
    const EventRecords cut = DecodeRecords(std::span(bytes).first(at));
    EXPECT_THAT(cut.records, ElementsAre("one")) << at;
    EXPECT_EQ(cut.damaged, 0) << at;
  }
}

TEST(EventFile, HistogramsCountFiniteNumbers) {
  const std::vector<float> numbers = {0, 3, 3, 1, NAN, INFINITY};
  const tensorboard::HistogramProto histogram = MakeHistogram(numbers);
  EXPECT_EQ(histogram.num(), 4);
  EXPECT_EQ(histogram.max(), 3);
  EXPECT_EQ(histogram.sum_squares(), 19);
  ASSERT_EQ(histogram.bucket_size(), 30);
  EXPECT_EQ(histogram.bucket(0), 1);
  EXPECT_EQ(histogram.bucket(29), 2);
  EXPECT_EQ(histogram.bucket_limit(29), 3);
  const std::vector<float> same = {2, 2};
  EXPECT_EQ(MakeHistogram(same).bucket_size(), 1);
  EXPECT_EQ(MakeHistogram(same).bucket(0), 2);
  EXPECT_EQ(MakeHistogram({}).num(), 0);
}

}  // namespace
}  // namespace plgraph
