#include "tools/training/tensorboard_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "serialization/event_file.h"
#include "tests/support/temp_folder.h"

namespace plgraph {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TensorBoardLogTest : public ::testing::Test {
 protected:
  // Begins behind an episode and adds a line for each of some more.
  void Log(std::int64_t behind, const std::vector<std::int64_t>& episodes) {
    TensorBoardLog log(*files_, clock_, folder_.Path("events"), behind);
    for (const std::int64_t episode : episodes) log.AddLine({.episode = episode, .training = {}}, 0.5);
  }
  std::vector<std::int64_t> Steps() {
    std::vector<std::int64_t> steps;
    for (const std::string& name : files_->List(folder_.Path("events"))) {
      const std::vector<std::byte> bytes = files_->Read(folder_.Path("events/" + name));
      for (const std::string_view record : DecodeRecords(bytes)) {
        tensorboard::Event event;
        EXPECT_TRUE(event.ParseFromArray(record.data(), static_cast<int>(record.size())));
        if (!event.has_file_version()) steps.push_back(event.step());
      }
    }
    return steps;
  }

  TempFolder folder_;
  SystemClock clock_;
  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
};

TEST_F(TensorBoardLogTest, ARunThatGoesOnRepeatsNothing) {
  Log(0, {1, 2, 3, 4, 5});
  const std::string file = "events/" + files_->List(folder_.Path("events")).front();
  folder_.Write(file, folder_.Read(file).substr(0, folder_.Read(file).size() - 3));  // a kill
  EXPECT_THAT(Steps(), ElementsAre(1, 2, 3, 4));
  Log(3, {4, 5});
  EXPECT_THAT(Steps(), ElementsAre(1, 2, 3, 4, 5));
  Log(5, {6});
  EXPECT_THAT(Steps(), ElementsAre(1, 2, 3, 4, 5, 6));
  Log(0, {});
  EXPECT_THAT(Steps(), IsEmpty());
}

TEST(EventFile, ADamagedRecordIsTheEnd) {
  std::vector<std::byte> bytes = EncodeRecord("one");
  const std::vector<std::byte> second = EncodeRecord("second");
  bytes.insert(bytes.end(), second.begin(), second.end());
  EXPECT_THAT(DecodeRecords(bytes), ElementsAre("one", "second"));
  for (size_t at = 19; at < bytes.size(); ++at) {
    std::vector<std::byte> damaged = bytes;
    damaged[at] ^= std::byte{4};
    EXPECT_THAT(DecodeRecords(damaged), ElementsAre("one")) << at;
    EXPECT_THAT(DecodeRecords(std::span(bytes).first(at)), ElementsAre("one")) << at;
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
