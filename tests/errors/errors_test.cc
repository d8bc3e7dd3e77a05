// Every .pbtxt of this folder is a bad model. Its first lines say what is reported, one fault a line:
// `# expect 12:3: a part of the message`. Nothing else may be reported, and all of it in one run.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/file_system.h"
#include "graph/compile.h"
#include "serialization/check_train.h"
#include "serialization/graph_from_model.h"
#include "serialization/text_reader.h"

namespace plgraph {
namespace {

std::vector<std::string> BadModels() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(PLGRAPH_SOURCE_DIR "/tests/errors")) {
    if (entry.path().extension() == ".pbtxt") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string PathOf(const std::string& name) { return PLGRAPH_SOURCE_DIR "/tests/errors/" + name + ".pbtxt"; }

std::vector<std::string> Expected(const std::string& name) {
  constexpr std::string_view kMark = "# expect ";
  std::vector<std::string> expected;
  std::ifstream file(PathOf(name));
  for (std::string line; std::getline(file, line) && line.starts_with(kMark);) {
    expected.push_back(line.substr(kMark.size()));
  }
  return expected;
}

std::vector<std::string> Reported(const std::string& name) {
  const auto files = MakePosixFileSystem();
  Diagnostics diagnostics(PathOf(name));
  const ModelText text = ReadModelFile(*files, PathOf(name), diagnostics);
  Graph graph = GraphFromModel(text.model, text.locations, diagnostics);
  CheckGraph(graph, diagnostics);
  CheckTrain(text.model, text.locations, graph, diagnostics);
  std::vector<std::string> reported;
  for (const Diagnostic& d : diagnostics.Sorted()) {
    if (d.severity != Diagnostic::Severity::kError) continue;
    reported.push_back(fmt::format("{}:{}: {}{}{}", d.location.line, d.location.column, d.message,
                                   d.hint.empty() ? "" : "; ", d.hint));
  }
  return reported;
}

class BadModel : public testing::TestWithParam<std::string> {};

TEST_P(BadModel, IsReportedWithItsPlaces) {
  std::vector<std::string> expected = Expected(GetParam());
  const std::vector<std::string> reported = Reported(GetParam());
  ASSERT_FALSE(expected.empty()) << "the first line says nothing";
  std::string all;
  for (const std::string& message : reported) all += message + "\n";
  EXPECT_EQ(reported.size(), expected.size()) << all;
  for (size_t i = 0; i < std::min(expected.size(), reported.size()); ++i) {
    const size_t space = expected[i].find(' ');
    EXPECT_TRUE(reported[i].starts_with(expected[i].substr(0, space)) &&
                reported[i].find(expected[i].substr(space + 1)) != std::string::npos)
        << "expected " << expected[i] << "\nreported " << reported[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Errors, BadModel, testing::ValuesIn(BadModels()),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace plgraph
