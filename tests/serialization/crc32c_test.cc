#include "core/crc32c.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string_view>
#include <vector>

#include "core/random.h"

namespace plgraph {
namespace {

std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

TEST(Crc32c, KnownVectors) {  // RFC 3720, appendix B.4, and the customary check value
  const std::vector<std::byte> zeros(32);
  const std::vector<std::byte> ones(32, std::byte{0xFF});
  std::vector<std::byte> rising;
  for (int i = 0; i < 32; ++i) rising.push_back(static_cast<std::byte>(i));
  for (const auto crc : {&Crc32c, &Crc32cByTable}) {
    EXPECT_EQ(crc(Bytes("123456789"), 0), 0xE3069283U);
    EXPECT_EQ(crc(Bytes(""), 0), 0U);
    EXPECT_EQ(crc(zeros, 0), 0x8A9136AAU);
    EXPECT_EQ(crc(ones, 0), 0x62A8AB43U);
    EXPECT_EQ(crc(rising, 0), 0x46DD794EU);
  }
}

TEST(Crc32c, BothWaysAgreeAtEveryLengthAndInPieces) {
  const RandomStream random(1, StreamId("crc32c_test"));
  std::vector<std::byte> bytes;
  for (std::uint32_t i = 0; i < 200; ++i) bytes.push_back(static_cast<std::byte>(random.Below(i, 256)));
  const std::span<const std::byte> all(bytes);
  for (size_t length = 0; length <= bytes.size(); ++length) {
    EXPECT_EQ(Crc32c(all.first(length)), Crc32cByTable(all.first(length)));
    EXPECT_EQ(Crc32c(all.subspan(length), Crc32c(all.first(length))), Crc32c(all));
    EXPECT_EQ(Crc32cByTable(all.subspan(length), Crc32cByTable(all.first(length))), Crc32c(all));
  }
}

}  // namespace
}  // namespace plgraph
