#include "tools/training/gradient_limit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/random.h"

namespace plgraph {
namespace {

std::vector<float> Numbers(size_t size, std::uint64_t block) {
  const RandomStream random(1, 2, block);
  std::vector<float> numbers(size);
  for (size_t i = 0; i < size; ++i)
    numbers[i] = static_cast<float>(random.Normal(static_cast<std::uint32_t>(i)));
  return numbers;
}

double Norm(const std::vector<std::vector<float>>& all, double limit, int threads) {
  ThreadPool pool(threads);
  std::vector<std::int64_t> sizes;
  std::vector<std::span<const float>> spans;
  for (const std::vector<float>& numbers : all) {
    sizes.push_back(std::ssize(numbers));
    spans.emplace_back(numbers);
  }
  return GradientNorm<float>(sizes).Compute(spans, limit, pool);
}

TEST(GradientNorm, IsThatOfAllGradientsTogether) {
  const std::vector<std::vector<float>> all = {Numbers(5, 0), Numbers(10001, 1), Numbers(1, 2)};
  double squares = 0;
  double limited = 0;
  for (const std::vector<float>& numbers : all) {
    for (const double x : numbers) {
      squares += x * x;
      limited += std::min(std::abs(x), 0.5) * std::min(std::abs(x), 0.5);
    }
  }
  EXPECT_NEAR(Norm(all, 0, 1), std::sqrt(squares), 1e-9);
  EXPECT_NEAR(Norm(all, 0.5, 1), std::sqrt(limited), 1e-9);
}

TEST(GradientNorm, HasTheSameBitsWithAnyNumberOfThreads) {
  const std::vector<std::vector<float>> all = {Numbers(300007, 0), Numbers(70001, 1)};
  const double one = Norm(all, 0, 1);
  EXPECT_EQ(one, Norm(all, 0, 2));
  EXPECT_EQ(one, Norm(all, 0, 3));
}

TEST(GradientNorm, OfNothingIsZero) { EXPECT_EQ(Norm({}, 0, 1), 0); }

TEST(ClipTransform, ScalesOnlyWhatIsTooLong) {
  EXPECT_EQ(ClipTransform(0, 0, 100).scale, 1);
  EXPECT_EQ(ClipTransform(0, 5, 4).scale, 1);
  EXPECT_EQ(ClipTransform(0, 5, 10).scale, 0.5);
  EXPECT_EQ(ClipTransform(2, 0, 10).limit, 2);
}

}  // namespace
}  // namespace plgraph
