// The catalogue of bad inputs: each gets its sentence and its exit code, and takes little memory. A bad model that
// is a file of this folder is held to more: all its faults in one run, each with its place, and nothing else.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/cli/tool.h"
#include "tests/errors/bad_input.h"
#include "tests/training/small_model.h"

namespace plgraph {
namespace {

using testing::HasSubstr;
using testing::Not;

// A sanitizer's own memory is not the tool's.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr long kMostMemory = 8L << 30;
#else
constexpr long kMostMemory = 256L << 20;
#endif

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

ToolResult RunIn(const TempFolder& folder, const BadInput& input) {
  folder.Write("small.pbtxt", kSmallModel);
  folder.Write("good.ckpt", TextOf(EncodeCheckpoint(SoundCheckpoint())));
  folder.Write("good.plan", ReadFile(PLGRAPH_SOURCE_DIR "/tests/checkpoint/version_4.plan"));
  input.prepare(folder);
  return RunTool(input.command, folder.Path(""));
}

void ExpectRefused(const ToolResult& result, const BadInput& input) {
  EXPECT_EQ(result.exit_code, input.exit_code) << result.err;
  EXPECT_THAT(result.err, Not(HasSubstr("an unexpected failure")));
  EXPECT_LT(result.peak_bytes, kMostMemory);
}

class CatalogueOfBadInputs : public testing::TestWithParam<BadInput> {};

TEST_P(CatalogueOfBadInputs, IsRefusedWithASentence) {
  const TempFolder folder;
  const ToolResult result = RunIn(folder, GetParam());
  ExpectRefused(result, GetParam());
  EXPECT_FALSE(GetParam().messages.empty());
  for (const std::string& message : GetParam().messages) EXPECT_THAT(result.err, HasSubstr(message));
}

class BadModel : public testing::TestWithParam<BadInput> {};

TEST_P(BadModel, IsReportedWithItsPlaces) {
  const TempFolder folder;
  const BadInput& input = GetParam();
  const ToolResult result = RunIn(folder, input);
  ExpectRefused(result, input);
  std::vector<std::string> reported;
  std::istringstream lines(result.err);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(": warning: ") == std::string::npos) reported.push_back(line);
  }
  ASSERT_FALSE(input.messages.empty()) << "the first line says nothing";
  EXPECT_EQ(reported.size(), input.messages.size()) << result.err;
  for (size_t i = 0; i < std::min(reported.size(), input.messages.size()); ++i) {
    const size_t space = input.messages[i].find(' ');
    EXPECT_THAT(reported[i],
                testing::StartsWith(input.command[1] + ":" + input.messages[i].substr(0, space)));
    EXPECT_THAT(reported[i], HasSubstr(input.messages[i].substr(space + 1)));
  }
}

std::vector<BadInput> AllButModels() {
  const std::vector<BadInput>& all = Catalogue();
  return {all.begin() + std::ssize(BadModels()), all.end()};
}

const auto kNameOf = [](const auto& tested) { return tested.param.name; };
INSTANTIATE_TEST_SUITE_P(Errors, BadModel, testing::ValuesIn(BadModels()), kNameOf);
INSTANTIATE_TEST_SUITE_P(Errors, CatalogueOfBadInputs, testing::ValuesIn(AllButModels()), kNameOf);

TEST(Catalogue, HasManyRows) {
  std::set<std::string> names;
  for (const BadInput& input : Catalogue()) EXPECT_TRUE(names.insert(input.name).second) << input.name;
  fmt::print("{} bad inputs\n", Catalogue().size());
  RecordProperty("rows", static_cast<int>(Catalogue().size()));
  EXPECT_GE(Catalogue().size(), 120U);
}

}  // namespace

}  // namespace plgraph
