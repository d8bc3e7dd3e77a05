#include "core/random.h"

#include <gtest/gtest.h>

#include <cmath>

namespace plgraph {
namespace {

// Known answers of Philox4x32-10, from the authors' Random123 (kat_vectors).
TEST(Philox, GivesTheKnownAnswers) {
  using Block = std::array<std::uint32_t, 4>;
  EXPECT_EQ(Philox({0, 0, 0, 0}, 0), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, 0xffffffffffffffff),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0x299f31d0a4093822),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomStream, HasTheMomentsOfItsDistributions) {
  const RandomStream random(5, StreamId("moments"));
  constexpr std::uint32_t kCount = 200000;
  double uniform = 0;
  double normal = 0;
  double square = 0;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    uniform += random.Uniform(i);
    normal += random.Normal(i);
    square += random.Normal(i) * random.Normal(i);
  }
  EXPECT_NEAR(uniform / kCount, 0.5, 0.003);
  EXPECT_NEAR(normal / kCount, 0, 0.01);
  EXPECT_NEAR(square / kCount, 1, 0.02);
}

TEST(RandomStream, DependsOnEachPartOfItsAddress) {
  const std::uint32_t bits = RandomStream(1, 2, 3).Bits(4);
  EXPECT_NE(bits, RandomStream(0, 2, 3).Bits(4));
  EXPECT_NE(bits, RandomStream(1, 0, 3).Bits(4));
  EXPECT_NE(bits, RandomStream(1, 2, 0).Bits(4));
  EXPECT_NE(bits, RandomStream(1, 2, std::uint64_t{3} << 32).Bits(4));
  EXPECT_NE(bits, RandomStream(1, 2, 3).Bits(0));
  EXPECT_EQ(bits, RandomStream(1, 2, 3).Bits(4));
}

TEST(RandomStream, StaysBelowItsBound) {
  const RandomStream random(9, 9);
  for (std::uint32_t i = 0; i < 1000; ++i) EXPECT_LT(random.Below(i, 7), 7U);
}

}  // namespace
}  // namespace plgraph
