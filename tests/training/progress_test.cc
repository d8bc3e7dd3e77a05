#include "tools/observe/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/temp_folder.h"

namespace plgraph {
namespace {

class StoppedClock : public Clock {
 public:
  double Seconds() const override { return now; }
  double SecondsSince1970() const override { return now; }
  double now = 100;
};

// What progress writes when every episode takes `each` seconds.
std::string Output(bool live, std::int64_t episodes, double each) {
  const TempFolder folder;
  const std::string path = folder.Path("out");
  std::FILE* file = std::fopen(path.c_str(), "w");
  StoppedClock clock;
  {
    Progress progress(file, live, clock);
    progress.Begin(0, episodes);
    for (std::int64_t episode = 1; episode <= episodes; ++episode) {
      clock.now += each;
      MetricsLine line = {.episode = episode, .training = {.loss = 0.5, .metrics = {{"error_rate", 0.125}}}};
      if (2 * episode == episodes) line.evaluation = Measures{.loss = 0.75};
      progress.Report(line);
    }
  }
  std::fclose(file);
  return folder.Read("out");
}

TEST(Progress, WritesPlainLinesIntoAFileEveryFewSeconds) {
  const std::string text = Output(false, 100, 1);
  EXPECT_EQ(text.find('\r'), std::string::npos);
  EXPECT_THAT(
      text, ::testing::HasSubstr("episode 1/100  loss 0.5  error_rate 0.125  1e+03 ms/episode, 99 s left\n"));
  EXPECT_THAT(text, ::testing::HasSubstr("episode 100/100"));
  EXPECT_THAT(text, ::testing::HasSubstr("evaluation after episode 50: loss 0.75\n"));
  const auto lines = std::count(text.begin(), text.end(), '\n');
  EXPECT_GE(lines, 20);
  EXPECT_LE(lines, 24);
}

TEST(Progress, OverwritesOneLineOnATerminal) {
  const std::string text = Output(true, 10, 0.5);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\r'), 10);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);  // around the evaluation, and at the end
  EXPECT_EQ(text.back(), '\n');
}

TEST(Progress, DoesNotFloodATerminal) {
  const std::string text = Output(true, 10000, 0.001);
  EXPECT_LE(std::count(text.begin(), text.end(), '\r'), 105);
}

}  // namespace
}  // namespace plgraph
