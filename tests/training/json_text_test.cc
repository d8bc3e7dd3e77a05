#include "tools/training/json_text.h"

#include <gtest/gtest.h>

#include <cmath>

namespace plgraph {
namespace {

TEST(JsonText, ReadsWhatIsJsonAndSaysWhyNot) {
  EXPECT_EQ(ParseJson("{\"b\": 1, \"a\": [true, null]}").value.dump(), "{\"b\":1,\"a\":[true,null]}");
  EXPECT_EQ(ParseJson("{\"a\": 1, \"a\": 2}").value["a"], 2);
  EXPECT_EQ(ParseJson("").fault, "is not valid JSON at byte 1");
  EXPECT_EQ(ParseJson("[1, 2").fault, "is not valid JSON at byte 6");
  EXPECT_EQ(ParseJson("\"\xFF\"").fault, "is not valid JSON at byte 2");
  EXPECT_EQ(ParseJson("1e999").fault, "is not valid JSON: it has a number that is too large");
  EXPECT_EQ(ParseJson("7").fault, "");
}

TEST(JsonText, BoundsTheDepth) {
  for (const std::string open : {"[", "{\"a\":"}) {
    const auto nested = [&](int depth) {
      std::string text;
      for (int i = 0; i < depth; ++i) text += open;
      text += "1";
      for (int i = 0; i < depth; ++i) text += open == "[" ? "]" : "}";
      return text;
    };
    EXPECT_EQ(ParseJson(nested(100)).fault, "");
    for (const int depth : {101, 200'000})
      EXPECT_EQ(ParseJson(nested(depth)).fault, "has brackets nested deeper than 100 levels") << depth;
  }
  EXPECT_EQ(ParseJson(std::string(200'000, '[')).fault, "has brackets nested deeper than 100 levels");
}

TEST(JsonText, WritesValidJsonOfEveryValue) {
  EXPECT_EQ(JsonText({{"a\xFF\n\x1b\"", NAN}, {"b", INFINITY}, {"c", -0.0}}),
            "{\"a\xEF\xBF\xBD\\n\\u001b\\\"\":null,\"b\":null,\"c\":-0.0}");
}

TEST(JsonText, TakesWholeNumbersOf64Bits) {
  const Json object = ParseJson(R"({"a": -3, "b": 1.0, "c": "3", "d": 18446744073709551615})").value;
  EXPECT_EQ(IntegerAt(object, "a"), -3);
  for (const std::string key : {"b", "c", "d", "e"}) EXPECT_EQ(IntegerAt(object, key), std::nullopt) << key;
  EXPECT_EQ(TextAt(object, "c"), "3");
  EXPECT_EQ(TextAt(object, "a"), "");
}

}  // namespace
}  // namespace plgraph
