#include "core/threads.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace plgraph {
namespace {

class Threads : public ::testing::TestWithParam<int> {};

TEST_P(Threads, CoverEveryItemOnce) {
  ThreadPool pool(GetParam());
  for (std::int64_t count = 0; count < 300; ++count) {
    for (const std::int64_t grain : {1, 7, 64}) {
      for (const std::int64_t align : {1, 16}) {
        std::vector<int> visits(static_cast<size_t>(count));
        pool.For(count, grain, align, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
        });
        EXPECT_EQ(visits, std::vector<int>(static_cast<size_t>(count), 1))
            << count << " " << grain << " " << align;
      }
    }
  }
}

// Loops that follow each other at once, and after pauses in which the workers fall asleep.
TEST_P(Threads, KeepUpWithManySmallLoops) {
  ThreadPool pool(GetParam());
  std::vector<std::int64_t> sums(64);
  constexpr std::int64_t kLoops = 30000;
  for (std::int64_t loop = 0; loop < kLoops; ++loop) {
    if (loop % 5000 == 4999) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    pool.For(64, 1, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) sums[static_cast<size_t>(i)] += loop;
    });
  }
  EXPECT_EQ(sums, std::vector<std::int64_t>(64, kLoops * (kLoops - 1) / 2));
}

INSTANTIATE_TEST_SUITE_P(Counts, Threads, ::testing::Values(1, 2, 3, 8));

}  // namespace
}  // namespace plgraph
