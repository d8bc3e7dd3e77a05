// Headers that lie, under a checksum that is right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "core/crc32c.h"
#include "core/error.h"
#include "serialization/state/checkpoint.pb.h"
#include "serialization/state/checkpoint_layout.h"
#include "tests/checkpoint/counted_memory.h"
#include "tests/checkpoint/sample_checkpoint.h"

namespace plgraph {
namespace {

using testing::HasSubstr;

struct Lie {
  std::string name;
  std::function<void(CheckpointHeader& header)> tell;
  std::string message;
};

TensorEntry& First(CheckpointHeader& header) { return *header.mutable_tensor(0); }

std::vector<Lie> Lies() {
  constexpr std::int64_t kHuge = std::int64_t{1} << 62;
  const auto shape = [](std::vector<std::int64_t> extents) {
    return [extents](CheckpointHeader& header) {
      First(header).mutable_shape()->Assign(extents.begin(), extents.end());
    };
  };
  return {
      {"HugeShape", shape({kHuge}), "tensor \"w\" has the impossible shape [4611686018427387904]"},
      {"Overflow", shape({std::int64_t{1} << 40, std::int64_t{1} << 40}), "has the impossible shape"},
      {"Negative", shape({-2, 2}), "has the impossible shape [-2, 2]"},
      {"TwoNegatives", shape({-2, -2}), "has the impossible shape [-2, -2]"},
      {"OtherShape", shape({3, 2}), "tensor \"w\" of shape [3, 2] takes 24 bytes, but has 16"},
      {"FewerAxes", shape({4}), "the fingerprint of the parameters is not that"},
      {"LargeShape", shape({1 << 20, 1 << 10}), "takes 4294967296 bytes, but has 16"},
      {"LargeTensor",
       [](CheckpointHeader& header) {
         First(header).set_shape(0, 1 << 30);
         First(header).set_size(std::uint64_t{8} << 30);
       },
       "is at"},
      {"HugeSize", [](CheckpointHeader& header) { First(header).set_size(~std::uint64_t{0}); },
       "takes 16 bytes, but has 18446744073709551615"},
      {"BeyondTheFile", [](CheckpointHeader& header) { First(header).set_offset(std::uint64_t{1} << 40); },
       "tensor \"w\" is at 1099511627776; expected"},
      {"Overlapping",
       [](CheckpointHeader& header) { header.mutable_tensor(1)->set_offset(header.tensor(0).offset()); },
       "tensor \"eta\" is at"},
      {"OtherType", [](CheckpointHeader& header) { First(header).set_type(TensorEntry::DOUBLE); },
       "of shape [2, 2] takes 32 bytes, but has 16"},
      {"NoType", [](CheckpointHeader& header) { First(header).clear_type(); },
       "tensor \"w\" is of a kind or type that is not known"},
      {"UnknownType",
       [](CheckpointHeader& header) {
         First(header).clear_type();
         First(header).mutable_unknown_fields()->AddVarint(TensorEntry::kTypeFieldNumber, 7);
       },
       "tensor \"w\" is of a kind or type that is not known"},
      {"UnknownKind",
       [](CheckpointHeader& header) {
         First(header).clear_kind();
         First(header).mutable_unknown_fields()->AddVarint(TensorEntry::kKindFieldNumber, 7);
       },
       "tensor \"w\" is of a kind or type that is not known"},
      {"Twice", [](CheckpointHeader& header) { header.mutable_tensor(1)->set_name("w"); },
       "tensor \"w\" is there twice"},
      {"OtherName", [](CheckpointHeader& header) { First(header).set_name("v"); },
       "the fingerprint of the parameters is not that"},
      {"OtherFingerprint", [](CheckpointHeader& header) { header.set_parameter_fingerprint(1); },
       "the fingerprint of the parameters is not that"},
      {"NoTensors", [](CheckpointHeader& header) { header.clear_tensor(); },
       "the fingerprint of the parameters is not that"},
      {"HugeLastTensor",
       [](CheckpointHeader& header) {
         TensorEntry& last = *header.mutable_tensor(header.tensor_size() - 1);
         last.set_shape(0, std::int64_t{1} << 56);
         last.set_size(std::uint64_t{1} << 59);
       },
       "is at"},
  };
}

CheckpointHeader HeaderOf(std::span<const std::byte> bytes) {
  CheckpointHeader header;
  ParseHeader(OpenFrame(bytes, kCheckpointKind, "f"), header, "f");
  return header;
}

// The file with another header.
std::vector<std::byte> WithHeader(std::span<const std::byte> file, const CheckpointHeader& header) {
  std::vector<std::byte> bytes = MakeFrame(kCheckpointKind, header.SerializeAsString());
  const auto tensors = file.subspan(OpenFrame(file, kCheckpointKind, "f").end);
  bytes.insert(bytes.end(), tensors.begin(), tensors.end());
  return bytes;
}

class LyingHeader : public testing::TestWithParam<Lie> {};

TEST_P(LyingHeader, IsRefusedBeforeMemoryIsTaken) {
  const std::vector<std::byte> sound = EncodeCheckpoint(SampleCheckpoint());
  CheckpointHeader header = HeaderOf(sound);
  GetParam().tell(header);
  const std::vector<std::byte> bytes = WithHeader(sound, header);
  const CountedMemory memory;
  std::string said;
  try {
    DecodeCheckpoint(bytes, "last.ckpt");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kRuntime);
    said = error.what();
  }
  EXPECT_LE(CountedMemory::Largest(), bytes.size());
  EXPECT_THAT(said, HasSubstr("last.ckpt: the file is damaged: "));
  EXPECT_THAT(said, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(Checkpoint, LyingHeader, testing::ValuesIn(Lies()),
                         [](const auto& tested) { return tested.param.name; });

// A tensor larger than any memory in a file of a few hundred bytes, everything else as it should be.
TEST(LyingHeader, MayAnnounceMoreThanThereIs) {
  const std::vector<std::byte> sound =
      EncodeCheckpoint({.states = {{"h", Tensor({1}, std::vector<double>{1})}}});
  CheckpointHeader header = HeaderOf(sound);
  header.mutable_tensor(0)->set_shape(0, std::int64_t{1} << 40);
  header.mutable_tensor(0)->set_size(std::uint64_t{1} << 43);
  header.mutable_tensor(0)->set_offset(
      AlignedOffset(MakeFrame(kCheckpointKind, header.SerializeAsString()).size()));
  const std::vector<std::byte> bytes = WithHeader(sound, header);
  const CountedMemory memory;
  EXPECT_THAT([&] { DecodeCheckpoint(bytes, "last.ckpt"); },
              testing::ThrowsMessage<Error>(HasSubstr("the file is cut: expected 87960930")));
  EXPECT_LT(CountedMemory::Largest(), 1000U);
  EXPECT_THAT(InspectCheckpoint(bytes, "last.ckpt").tensors.at(0).fault,
              HasSubstr("is cut: it ends at byte"));
}

// Each byte of the header in turn, other values: another header or a message, never more memory than the file.
TEST(LyingHeader, NeverTakesMoreMemoryThanTheFile) {
  const std::vector<std::byte> sound = EncodeCheckpoint(SampleCheckpoint());
  std::uint64_t length = 0;
  std::memcpy(&length, sound.data() + 16, 8);
  for (size_t i = 24; i < 24 + length; ++i) {
    for (int value = 0; value < 256; ++value) {
      std::vector<std::byte> bytes = sound;
      bytes[i] = static_cast<std::byte>(value);
      const std::uint32_t crc = Crc32c(std::span(bytes).first(24 + length));
      std::memcpy(bytes.data() + 24 + length, &crc, 4);
      const CountedMemory memory;
      try {
        DecodeCheckpoint(bytes, "f");  // may be sound: another seed
      } catch (const Error&) {
      }
      ASSERT_LE(CountedMemory::Largest(), std::max<size_t>(bytes.size(), 1024)) << i << " " << value;
    }
  }
}

}  // namespace
}  // namespace plgraph
