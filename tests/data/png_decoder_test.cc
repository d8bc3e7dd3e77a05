// The samples of PNG images of every kind are those that the file stores.
#include "tools/data/png_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "core/error.h"
#include "tests/support/image_files.h"

namespace plgraph {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const auto crc = static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size())));
  return BigEndian(static_cast<std::uint32_t>(data.size())) + body + BigEndian(crc);
}

std::string Packed(const std::string& text) {
  std::string packed(text.size() + 100, '\0');
  uLongf size = packed.size();
  EXPECT_EQ(compress(reinterpret_cast<Bytef*>(packed.data()), &size,
                     reinterpret_cast<const Bytef*>(text.data()), text.size()),
            Z_OK);
  packed.resize(size);
  return packed;
}

struct Kind {
  char bits = 8;
  char color = 0;  // 0 grey, 2 colours, 3 palette, 4 grey with alpha, 6 colours with alpha
  bool interlaced = false;
};

// `rows`: each with its filter, 0, in front; `chunks` stand before them.
std::string File(std::uint32_t width, std::uint32_t height, const Kind& kind, const std::string& rows,
                 const std::string& chunks = "") {
  std::string header = BigEndian(width) + BigEndian(height) + kind.bits + kind.color + std::string(3, '\0');
  header.back() = kind.interlaced ? 1 : 0;
  return "\x89PNG\r\n\x1a\n" + Chunk("IHDR", header) + chunks + Chunk("IDAT", Packed(rows)) +
         Chunk("IEND", "");
}

std::string Bytes(const std::vector<int>& numbers) {
  std::string bytes;
  for (const int number : numbers) bytes += static_cast<char>(number);
  return bytes;
}

std::vector<std::uint8_t> Colors(const std::string& file) {
  MemoryFile bytes(std::as_bytes(std::span(file)), "f.png");
  return PngDecoder(bytes, "f.png").ReadColors();
}

// The red of each pixel.
std::vector<int> Reds(const std::string& file) {
  const std::vector<std::uint8_t> colors = Colors(file);
  std::vector<int> reds;
  for (size_t i = 0; i < colors.size(); i += 3) reds.push_back(colors[i]);
  return reds;
}

TEST(PngDecoder, TakesGreyAsItIsStoredWhateverItsGamma) {
  const std::string rows = Bytes({0, 0, 1, 100, 128, 200, 255});
  for (const std::string& chunk : {std::string(), Chunk("gAMA", BigEndian(100'000)),
                                   Chunk("gAMA", BigEndian(45'455)), Chunk("sRGB", std::string(1, '\0'))}) {
    const std::vector<std::uint8_t> colors = Colors(File(6, 1, {}, rows, chunk));
    EXPECT_THAT(colors,
                ElementsAre(0, 0, 0, 1, 1, 1, 100, 100, 100, 128, 128, 128, 200, 200, 200, 255, 255, 255));
  }
}

TEST(PngDecoder, TakesColorsAsTheyAreStored) {
  EXPECT_THAT(
      Colors(File(2, 1, {8, 2}, Bytes({0, 255, 0, 1, 10, 20, 30}), Chunk("gAMA", BigEndian(100'000)))),
      ElementsAre(255, 0, 1, 10, 20, 30));
}

TEST(PngDecoder, LeavesAlphaOut) {
  EXPECT_THAT(Reds(File(3, 1, {8, 4}, Bytes({0, 100, 255, 128, 128, 200, 0}))), ElementsAre(100, 128, 200));
  EXPECT_THAT(Colors(File(2, 1, {8, 6}, Bytes({0, 1, 2, 3, 0, 4, 5, 6, 128}))),
              ElementsAre(1, 2, 3, 4, 5, 6));
  const std::string transparent_grey = Chunk("tRNS", Bytes({0, 7}));
  EXPECT_THAT(Reds(File(2, 1, {}, Bytes({0, 7, 8}), transparent_grey)), ElementsAre(7, 8));
}

TEST(PngDecoder, SpreadsSamplesOfFewBitsOverAByte) {
  EXPECT_THAT(Reds(File(8, 1, {1, 0}, Bytes({0, 0xA1}))), ElementsAre(255, 0, 255, 0, 0, 0, 0, 255));
  EXPECT_THAT(Reds(File(4, 1, {2, 0}, Bytes({0, 0x1B}))), ElementsAre(0, 85, 170, 255));
  EXPECT_THAT(Reds(File(2, 1, {4, 0}, Bytes({0, 0x1F}))), ElementsAre(17, 255));
}

TEST(PngDecoder, RoundsSamplesOf16Bits) {
  // 0x0080 is 0.498 of 257, 0x0081 0.502 of it.
  EXPECT_THAT(Reds(File(4, 1, {16, 0}, Bytes({0, 0x00, 0x80, 0x00, 0x81, 0x80, 0x80, 0xFF, 0xFF}))),
              ElementsAre(0, 1, 128, 255));
}

TEST(PngDecoder, LooksUpColorsInThePalette) {
  const std::string palette = Chunk("PLTE", Bytes({10, 20, 30, 255, 0, 128})) + Chunk("tRNS", Bytes({0}));
  EXPECT_THAT(Colors(File(2, 1, {8, 3}, Bytes({0, 1, 0}), palette)), ElementsAre(255, 0, 128, 10, 20, 30));
  EXPECT_THAT(Colors(File(2, 1, {1, 3}, Bytes({0, 0x40}), palette)), ElementsAre(10, 20, 30, 255, 0, 128));
}

TEST(PngDecoder, PutsInterlacedRowsInOrder) {
  // Of 2 x 2 pixels pass 1 has the first, pass 6 the second, pass 7 the last row.
  EXPECT_THAT(Reds(File(2, 2, {8, 0, true}, Bytes({0, 1, 0, 2, 0, 3, 4}))), ElementsAre(1, 2, 3, 4));
}

TEST(PngDecoder, SaysWhatLibpngFound) {
  const auto fault = [](const std::string& file) -> std::string {
    try {
      Colors(file);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(fault("GIF89a"), "f.png: not a whole PNG image: the file is cut");
  EXPECT_THAT(fault(File(2, 1, {8, 2}, Bytes({0, 1}))), HasSubstr("f.png: not a whole PNG image: "));
  EXPECT_THAT(fault(File(2, 1, {8, 3}, Bytes({0, 1, 0}))), HasSubstr("Missing PLTE"));
}

}  // namespace
}  // namespace plgraph
