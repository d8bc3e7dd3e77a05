#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <tuple>

#include "core/error.h"
#include "tests/checkpoint/sample_checkpoint.h"
#include "tests/support/temp_folder.h"

namespace plgraph {
namespace {

using testing::HasSubstr;

std::string FaultOf(std::span<const std::byte> bytes) {
  try {
    DecodeCheckpoint(bytes, "last.ckpt");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kRuntime);
    EXPECT_THAT(error.what(), testing::StartsWith("last.ckpt: "));
    return error.what();
  }
  return "no error";
}

void ExpectSame(const NamedTensors& a, const NamedTensors& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].name, b[i].name);
    EXPECT_EQ(a[i].tensor.shape(), b[i].tensor.shape());
    EXPECT_EQ(a[i].tensor.dtype(), b[i].tensor.dtype());
    EXPECT_EQ(a[i].tensor.As<double>(), b[i].tensor.As<double>());
  }
}

void ExpectSame(const Checkpoint& a, const Checkpoint& b) {
  EXPECT_EQ(std::tie(a.model, a.optimizer, a.episode, a.update, a.seed, a.data_position, a.best_metric),
            std::tie(b.model, b.optimizer, b.episode, b.update, b.seed, b.data_position, b.best_metric));
  ExpectSame(a.parameters, b.parameters);
  ExpectSame(a.moments, b.moments);
  ExpectSame(a.states, b.states);
}

TEST(Checkpoint, WhatIsWrittenIsRead) {
  ExpectSame(DecodeCheckpoint(EncodeCheckpoint(SampleCheckpoint()), "f"), SampleCheckpoint());
  ExpectSame(DecodeCheckpoint(EncodeCheckpoint({}), "f"), {});
  const TempFolder folder;
  const auto files = MakePosixFileSystem();
  WriteCheckpoint(*files, folder.Path("a.ckpt"), SampleCheckpoint());
  ExpectSame(ReadCheckpoint(*files, folder.Path("a.ckpt")), SampleCheckpoint());
}

TEST(Checkpoint, TheBytesAreThoseOfTheFormat) {
  const std::vector<std::byte> bytes = EncodeCheckpoint(SampleCheckpoint());
  EXPECT_EQ(bytes, EncodeCheckpoint(SampleCheckpoint()));
  EXPECT_TRUE(IsCheckpoint(bytes));
  EXPECT_FALSE(IsCheckpoint(std::span(bytes).first(7)));
  EXPECT_FALSE(IsCheckpoint(std::span(bytes).subspan(1)));
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  EXPECT_EQ(std::string_view(text, 16), std::string_view("PLGCKPT\n\1\0\0\0\0\0\0\0", 16));
  // FORMAT.md's figures: the last tensor, three doubles, ends the file and begins at a multiple of 64.
  EXPECT_EQ((bytes.size() - 24) % 64, 0U);
  double last = 0;
  std::memcpy(&last, bytes.data() + bytes.size() - 8, 8);
  EXPECT_EQ(last, INFINITY);
}

TEST(Checkpoint, EveryCutIsFound) {
  const std::vector<std::byte> bytes = EncodeCheckpoint(SampleCheckpoint());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(FaultOf(std::span(bytes).first(size)),
                HasSubstr(size < 8 ? "not a checkpoint" : "cut: expected"))
        << size;
  }
}

TEST(Checkpoint, SaysWhatIsWrong) {
  const std::vector<std::byte> sound = EncodeCheckpoint(SampleCheckpoint());
  std::vector<std::byte> bytes = sound;
  bytes[bytes.size() - 1] ^= std::byte{1};
  EXPECT_THAT(FaultOf(bytes), HasSubstr("the file is damaged: tensor \"h\" has checksum"));
  bytes[bytes.size() - 25] ^= std::byte{1};
  EXPECT_THAT(FaultOf(bytes), HasSubstr("the zeros before tensor \"h\" are not zero"));
  bytes = sound;
  bytes[8] = std::byte{2};
  EXPECT_THAT(FaultOf(bytes),
              HasSubstr("a checkpoint of version 2; this program reads version 1: a later plgraph"));
  bytes = sound;
  bytes[30] ^= std::byte{1};
  EXPECT_THAT(FaultOf(bytes), HasSubstr("the file is damaged: the header has checksum"));
  bytes = sound;
  bytes.push_back(std::byte{0});
  EXPECT_THAT(FaultOf(bytes), HasSubstr("something follows the last tensor"));
  EXPECT_THAT(FaultOf(std::as_bytes(std::span("{\"a\": 1}        "))),
              HasSubstr("it does not start with \"PLGCKPT\""));
}

TEST(Checkpoint, AReportTellsIntactFromDamaged) {
  std::vector<std::byte> bytes = EncodeCheckpoint(SampleCheckpoint());
  const CheckpointReport sound = InspectCheckpoint(bytes, "f");
  ExpectSame(sound.whole, SampleCheckpoint());
  EXPECT_THAT(sound.faults, testing::IsEmpty());
  for (const TensorReport& tensor : sound.tensors) EXPECT_EQ(tensor.fault, "");

  bytes[bytes.size() - 1] ^= std::byte{1};   // "h"
  bytes[bytes.size() - 25] ^= std::byte{1};  // before it
  bytes.push_back(std::byte{0});
  const CheckpointReport damaged = InspectCheckpoint(bytes, "f");
  ASSERT_EQ(damaged.tensors.size(), 4U);
  EXPECT_EQ(damaged.tensors[3].name, "h");
  EXPECT_EQ(damaged.tensors[3].kind, "state");
  EXPECT_THAT(damaged.tensors[3].fault, HasSubstr("has checksum"));
  EXPECT_THAT(damaged.faults, testing::ElementsAre(HasSubstr("the zeros before tensor \"h\""),
                                                   HasSubstr("something follows the last tensor")));
  ExpectSame(damaged.whole.parameters, SampleCheckpoint().parameters);
  EXPECT_THAT(damaged.whole.states, testing::IsEmpty());
}

TEST(Checkpoint, TheFingerprintIsOfNamesShapesAndOrder) {
  const auto fingerprint = [](const std::string& a, const Shape& shape, const std::string& b) {
    const std::vector<float> values(static_cast<size_t>(shape.NumElements()));
    return ParameterFingerprint({{a, Tensor(shape, values)}, {b, Tensor(shape, values)}});
  };
  const std::uint64_t base = fingerprint("a", {2, 3}, "b");
  EXPECT_EQ(base, fingerprint("a", {2, 3}, "b"));
  EXPECT_NE(base, fingerprint("b", {2, 3}, "a"));
  EXPECT_NE(base, fingerprint("a", {3, 2}, "b"));
  EXPECT_NE(base, fingerprint("a", {2, 3}, "c"));
}

}  // namespace
}  // namespace plgraph
