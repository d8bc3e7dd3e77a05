#include "core/utf8.h"

#include <gtest/gtest.h>

namespace plgraph {
namespace {

TEST(Utf8, HasCharactersOfOneToFourBytes) {
  EXPECT_EQ(CharacterLength("a"), 1U);
  EXPECT_EQ(CharacterLength("ß."), 2U);
  EXPECT_EQ(CharacterLength("漢."), 3U);
  EXPECT_EQ(CharacterLength("\xf0\x9f\x99\x82."), 4U);
  EXPECT_EQ(CharacterLength(""), 0U);
}

TEST(Utf8, RefusesWhatRfc3629Excludes) {
  for (const char* bad :
       {"\x80", "\xc3", "\xc0\xaf", "\xe0\x82\x9b", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5"}) {
    EXPECT_EQ(CharacterLength(bad), 0U) << bad;
  }
}

TEST(Utf8, FindsTheFirstByteThatIsNotValid) {
  EXPECT_EQ(FindInvalidUtf8("größe"), std::nullopt);
  EXPECT_EQ(FindInvalidUtf8("ö\xff\xff"), 2U);
}

}  // namespace
}  // namespace plgraph
