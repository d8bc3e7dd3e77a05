// Every cut and every flipped bit of a checkpoint and of a plan.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "serialization/state/plan.h"
#include "tests/checkpoint/counted_memory.h"
#include "tests/checkpoint/sample_checkpoint.h"

namespace plgraph {
namespace {

using testing::HasSubstr;

const std::string kFixtures = PLGRAPH_SOURCE_DIR "/tests/checkpoint/";

using Decode = void (*)(std::span<const std::byte> bytes, const std::string& path);

// What is said of the file, or "" when it is taken for a sound one.
std::string FaultOf(Decode decode, std::span<const std::byte> bytes) {
  try {
    decode(bytes, "file");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kRuntime) << error.what();
    EXPECT_THAT(error.what(), testing::StartsWith("file: "));
    return error.what();
  }
  return "";
}

struct Damage {
  size_t cuts = 0;
  size_t flips = 0;
  size_t most_memory = 0;  // that reading a damaged file took, besides the file's own bytes
};

// Reads every damaged form of the bytes, each of which must be refused.
Damage DamageEverywhere(Decode decode, std::vector<std::byte> bytes) {
  Damage damage;
  const auto expect_refused = [&](size_t size, const std::string& how) {
    const CountedMemory memory;
    const std::string fault = FaultOf(decode, std::span(bytes).first(size));
    damage.most_memory = std::max(damage.most_memory, CountedMemory::Peak());
    EXPECT_NE(fault, "") << how;
  };
  for (; damage.cuts < bytes.size(); ++damage.cuts)
    expect_refused(damage.cuts, fmt::format("cut {}", damage.cuts));
  for (; damage.flips < 8 * bytes.size(); ++damage.flips) {
    const std::byte bit = std::byte{1} << (damage.flips % 8);
    bytes[damage.flips / 8] ^= bit;
    expect_refused(bytes.size(), fmt::format("bit {}", damage.flips));
    bytes[damage.flips / 8] ^= bit;
  }
  EXPECT_EQ(FaultOf(decode, bytes), "");
  return damage;
}

void ExpectAllFound(Decode decode, const std::vector<std::byte>& bytes, const std::string& kind) {
  const Damage damage = DamageEverywhere(decode, bytes);
  EXPECT_EQ(damage.cuts, bytes.size());
  EXPECT_EQ(damage.flips, 8 * bytes.size());
  // With the file itself no more than twice the file.
  EXPECT_LE(damage.most_memory, bytes.size());
  const std::string count =
      fmt::format("{} of {} bytes: {} cuts and {} flipped bits found, with at most {} bytes of memory", kind,
                  bytes.size(), damage.cuts, damage.flips, damage.most_memory);
  fmt::print("{}\n", count);
  testing::Test::RecordProperty(kind, count);
}

TEST(Damage, OfACheckpointIsFound) {
  const Decode decode = [](auto bytes, const auto& path) { DecodeCheckpoint(bytes, path); };
  Checkpoint checkpoint = SampleCheckpoint();
  const Shape shape = {16, 24};
  checkpoint.parameters[0].tensor = Tensor(shape, std::vector<float>(16 * 24, 0.5F));
  checkpoint.moments[0].tensor = checkpoint.parameters[0].tensor;
  ExpectAllFound(decode, EncodeCheckpoint(checkpoint), "checkpoint");
}

TEST(Damage, OfAPlanIsFound) {
  const Decode decode = [](auto bytes, const auto& path) { DecodePlan(bytes, path); };
  ExpectAllFound(decode, MakePosixFileSystem()->Read(kFixtures + "version_4.plan"), "plan");
}

// The memory of one that is sound, for comparison: the tensors once, and the header's message.
TEST(Damage, ASoundCheckpointTakesItsTensors) {
  Checkpoint checkpoint = SampleCheckpoint();
  checkpoint.parameters[0].tensor = Tensor({1000, 1000}, std::vector<float>(1000000));
  const std::vector<std::byte> bytes = EncodeCheckpoint(checkpoint);
  const CountedMemory memory;
  DecodeCheckpoint(bytes, "file");
  EXPECT_LT(CountedMemory::Peak(), bytes.size() + 10000);
}

// Files of earlier versions stay readable: one of each is kept beside this test.
TEST(Fixture, ACheckpointOfVersion1IsRead) {
  const Checkpoint checkpoint = ReadCheckpoint(*MakePosixFileSystem(), kFixtures + "version_1.ckpt");
  EXPECT_EQ(checkpoint.model, "small");
  EXPECT_EQ(checkpoint.optimizer, "adam");
  EXPECT_EQ(checkpoint.episode, 60);
  EXPECT_EQ(checkpoint.update, 30);
  ASSERT_EQ(checkpoint.parameters.size(), 4U);
  EXPECT_EQ(checkpoint.parameters[0].name, "w");
  EXPECT_EQ(checkpoint.parameters[0].tensor.shape(), (Shape{4, 4}));
  EXPECT_EQ(checkpoint.moments.size(), 6U);
}

TEST(Fixture, APlanOfVersion4IsRead) {
  const Plan plan = ReadPlan(*MakePosixFileSystem(), kFixtures + "version_4.plan");
  EXPECT_EQ(plan.model.name(), "small");
  EXPECT_EQ(plan.planned_for, (PlannedFor{.steps = 13}));
  EXPECT_GT(plan.graph.size(), 20);
}

}  // namespace
}  // namespace plgraph
