#include "graph/ir/hash_index.h"

#include <gtest/gtest.h>

namespace plgraph {
namespace {

bool Any(Value) { return true; }

TEST(HashIndex, FindsEachValueByItsHashHoweverManyThereAre) {
  HashIndex index;
  EXPECT_FALSE(index.Find(1, Any));
  for (std::int32_t id = 0; id < 1000; ++id) index.Add(static_cast<std::uint64_t>(id) * 64, Value{id});
  for (std::int32_t id = 0; id < 1000; ++id) {
    EXPECT_EQ(index.Find(static_cast<std::uint64_t>(id) * 64, Any), Value{id});
  }
  EXPECT_FALSE(index.Find(1, Any));
}

TEST(HashIndex, ChoosesAmongValuesOfOneHash) {
  HashIndex index;
  for (const std::int32_t id : {3, 1, 7}) index.Add(5, Value{id});
  EXPECT_EQ(index.Find(5, Any), Value{7});
  EXPECT_EQ(index.Find(5, [](Value v) { return v.id < 3; }), Value{1});
  EXPECT_FALSE(index.Find(5, [](Value v) { return v.id > 7; }));
}

TEST(HashIndex, ForgetsWhatIsRemoved) {
  HashIndex index;
  for (const std::int32_t id : {0, 1, 2}) index.Add(5, Value{id});
  index.Remove(Value{1});
  EXPECT_FALSE(index.Find(5, [](Value v) { return v.id == 1; }));
  index.Remove(Value{2});
  index.Remove(Value{0});
  EXPECT_FALSE(index.Find(5, Any));
  index.Add(9, Value{1});
  EXPECT_EQ(index.Find(9, Any), Value{1});
}

}  // namespace
}  // namespace plgraph
