#include "core/paths.h"

#include <gtest/gtest.h>

namespace plgraph {
namespace {

TEST(Paths, AreRelativeToTheModelFile) {
  EXPECT_EQ(JoinPath("", "a"), "a");
  EXPECT_EQ(JoinPath("b", "a"), "b/a");
  EXPECT_EQ(JoinPath("b", "/a"), "/a");
  EXPECT_EQ(JoinPath("/", "a"), "/a");
  EXPECT_EQ(FolderOf("m.pbtxt"), "");
  EXPECT_EQ(FolderOf("a/b/m.pbtxt"), "a/b");
  EXPECT_EQ(FolderOf("/m.pbtxt"), "/");
}

}  // namespace
}  // namespace plgraph
