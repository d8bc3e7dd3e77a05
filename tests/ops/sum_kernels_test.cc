// Sums in double: the same bits for every kind of vector that this machine has, and no digits lost.
#include "ops/kernels/sum_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/random.h"
#include "tests/ops/vector_targets.h"

namespace plgraph {
namespace {

template <typename T>
class SumKernels : public ::testing::Test {
 protected:
  static std::vector<T> Numbers(std::int64_t size, std::uint32_t stream) {
    const RandomStream random(1, stream, 0);
    std::vector<T> numbers;
    for (std::int64_t i = 0; i < size; ++i) {
      numbers.push_back(static_cast<T>(random.Normal(static_cast<std::uint32_t>(i))));
    }
    return numbers;
  }

  // Some sums of each size, one behind the other.
  static std::vector<double> Sums() {
    std::vector<double> sums;
    for (const std::int64_t size : {1, 5, 31, 32, 33, 100, 1023, 1024, 1025, 5000}) {
      const std::vector<T> a = Numbers(size, 1);
      const std::vector<T> b = Numbers(size, 2);
      sums.push_back(SumOf(a.data(), size));
      sums.push_back(DotOf(a.data(), b.data(), size));
      std::vector<double> added(static_cast<size_t>(size), 0.5);
      AddTo(added.data(), a.data(), size);
      for (size_t i = 0; i < added.size(); ++i) EXPECT_EQ(added[i], 0.5 + static_cast<double>(a[i]));
    }
    return sums;
  }
};

using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(SumKernels, Types);

TYPED_TEST(SumKernels, HaveTheSameBitsForEveryKindOfVector) {
  const std::vector<double> expected = this->Sums();
  ForEachVector([&] { EXPECT_EQ(this->Sums(), expected); });
}

TYPED_TEST(SumKernels, AreNearTheExactSums) {
  constexpr std::int64_t kSize = 100'003;
  const auto a = this->Numbers(kSize, 3);
  const auto b = this->Numbers(kSize, 4);
  long double sum = 0;
  long double dot = 0;
  long double products = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    sum += static_cast<long double>(a[i]);
    const long double product = static_cast<long double>(a[i]) * static_cast<long double>(b[i]);
    dot += product;
    products += std::abs(product);
  }
  EXPECT_NEAR(SumOf(a.data(), kSize), static_cast<double>(sum), 1e-9);
  EXPECT_NEAR(DotOf(a.data(), b.data(), kSize), static_cast<double>(dot),
              1e-7 * static_cast<double>(products));
}

TEST(SumsInDouble, OfEqualFloatsAreExact) {
  for (const std::int64_t size : {7, 1000, 65'537}) {
    const std::vector<float> x(static_cast<size_t>(size), 100.1F);
    EXPECT_EQ(SumOf(x.data(), size), static_cast<double>(size) * static_cast<double>(100.1F));
  }
}

}  // namespace
}  // namespace plgraph
