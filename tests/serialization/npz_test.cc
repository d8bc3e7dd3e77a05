#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "core/error.h"
#include "core/random.h"
#include "serialization/formats/npy.h"
#include "serialization/formats/zip.h"

namespace plgraph {
namespace {

using testing::HasSubstr;

NamedTensors Example() {
  std::vector<double> rising(1000);
  std::iota(rising.begin(), rising.end(), 0);
  return {{"w", Tensor({2, 2}, std::vector<float>{1, 2, 3, 4})},
          {"a/ö", Tensor({1000}, rising)},
          {"s", Tensor({}, std::vector<double>{5})}};
}

std::string FaultOfNames(const std::string& first, const std::string& second) {
  const Tensor number({}, std::vector<float>{1});
  try {
    EncodeNpz({{first, number}, {second, number}});
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kRuntime);
    return error.what();
  }
  return "no error";
}

std::string FaultOf(std::span<const std::byte> bytes) {
  try {
    DecodeNpz(bytes, "f.npz");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kRuntime);
    EXPECT_THAT(error.what(), testing::StartsWith("f.npz: "));
    return error.what();
  }
  return "no error";
}

TEST(Npz, NoNameLeadsOutOfTheArchiveOrHidesAnother) {
  for (const std::string name : {"../../x", "/x", "a/../../x", "..", "a/.."}) {
    EXPECT_EQ(FaultOfNames("w", name),
              "tensor \"" + name +
                  "\" cannot be written to an .npz file: as a file it would lie outside "
                  "of the archive; give it another name in the model");
  }
  EXPECT_EQ(FaultOfNames("w", "w"),
            "two tensors for an .npz file are named \"w\"; give one another name in the model");
  EXPECT_EQ(FaultOfNames("moment/w.0", "..x/y../a..b"), "no error");
}

TEST(Npz, WhatIsWrittenIsRead) {
  for (const bool deflate : {false, true}) {
    const NamedTensors read = DecodeNpz(EncodeNpz(Example(), deflate), "f");
    ASSERT_EQ(read.size(), 3U);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(read[i].name, Example()[i].name);
      EXPECT_EQ(read[i].tensor.shape(), Example()[i].tensor.shape());
      EXPECT_EQ(read[i].tensor.dtype(), Example()[i].tensor.dtype());
      EXPECT_EQ(read[i].tensor.As<double>(), Example()[i].tensor.As<double>());
    }
  }
  EXPECT_TRUE(DecodeNpz(EncodeNpz({}), "f").empty());
  EXPECT_LT(EncodeNpz(Example(), true).size(), EncodeNpz(Example()).size());
}

TEST(Npz, TheBytesAreAlwaysTheSame) {
  EXPECT_EQ(EncodeNpz(Example()), EncodeNpz(Example()));
  EXPECT_EQ(EncodeNpz(Example(), true), EncodeNpz(Example(), true));
}

// Written by Python's zipfile as numpy.savez and numpy.savez_compressed call it, with 64-bit fields.
TEST(Npz, ReadsWhatNumPyWrites) {
  const auto files = MakePosixFileSystem();
  for (const char* name : {"savez.npz", "savez_compressed.npz"}) {
    const NamedTensors read =
        ReadNpz(*files, std::string(PLGRAPH_SOURCE_DIR "/tests/serialization/data/") + name);
    ASSERT_EQ(read.size(), 2U);
    EXPECT_EQ(read[0].name, "a");
    EXPECT_THAT(FindTensor(read, "a")->values<float>(), testing::ElementsAre(1, 2, 3, 4, 5, 6));
    EXPECT_EQ(FindTensor(read, "b")->values<double>()[39], 39);
    EXPECT_EQ(FindTensor(read, "c"), nullptr);
  }
}

TEST(Npz, SaysWhatIsWrong) {
  EXPECT_THAT(FaultOf({}), HasSubstr("not a zip archive (.npz), or cut"));
  EXPECT_THAT(FaultOf(EncodeNpy(Example()[0].tensor)), HasSubstr("not a zip archive"));
  const ZipMember text{"readme.txt", std::vector<std::byte>(3)};
  EXPECT_THAT(FaultOf(MakeZip({text}, false)), HasSubstr("member \"readme.txt\": not an array"));
  const ZipMember bad{"x.npy", std::vector<std::byte>(3)};
  EXPECT_THAT(FaultOf(MakeZip({bad}, false)), HasSubstr("f.npz: member \"x.npy\": not a .npy file"));
  const ZipMember array{"x.npy", EncodeNpy(Example()[0].tensor)};
  EXPECT_THAT(FaultOf(MakeZip({array, array}, false)), HasSubstr("is there twice"));
}

TEST(Npz, AFlippedBitInTheNumbersIsFound) {
  std::vector<std::byte> bytes = EncodeNpz({{"w", Tensor({2}, std::vector<float>{1, 2})}});
  bytes[30 + 5 + 128] ^= std::byte{1};  // behind the local header, "w.npy" and the array's own header
  EXPECT_THAT(FaultOf(bytes), HasSubstr("member \"w.npy\" is damaged: it has checksum"));
}

TEST(Npz, ALyingSizeTakesNoMemory) {
  std::vector<std::byte> bytes = EncodeNpz({{"w", Tensor({2}, std::vector<float>{1, 2})}}, true);
  const size_t directory = bytes.size() - 22 - 46 - 5;
  for (size_t i = 0; i < 4; ++i) bytes[directory + 24 + i] = std::byte{0xFE};  // the size before deflating
  EXPECT_THAT(FaultOf(bytes), HasSubstr("is said to have 4278124286 bytes, more than its"));
}

TEST(Npz, CutsAndDamageAreNeverMoreThanAMessage) {
  for (const bool deflate : {false, true}) {
    const std::vector<std::byte> sound = EncodeNpz(
        {{"w", Tensor({2}, std::vector<float>{1, 2})}, {"v", Tensor({}, std::vector<float>{1})}}, deflate);
    for (size_t size = 0; size < sound.size(); ++size)
      EXPECT_NE(FaultOf(std::span(sound).first(size)), "no error");
    const RandomStream random(1, StreamId("npz_test"));
    const auto count = static_cast<std::uint32_t>(sound.size());
    for (std::uint32_t i = 0; i < 20000; ++i) {
      std::vector<std::byte> bytes = sound;
      for (std::uint32_t k = 0; k < 1 + i % 3; ++k) {
        bytes[random.Below(8 * i + 2 * k, count)] =
            static_cast<std::byte>(random.Below(8 * i + 2 * k + 1, 256));
      }
      FaultOf(bytes);
    }
  }
}

}  // namespace
}  // namespace plgraph
