// Every .pbtxt of this folder is a bad model. Its first lines say what is reported, one fault a line:
// `# expect 12:3: a part of the message`. Nothing else may be reported, and all of it in one run.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/errors/bad_input.h"

namespace plgraph {
namespace {

const std::string kFolder = PLGRAPH_SOURCE_DIR "/tests/errors/";

std::vector<std::string> Expected(const std::string& path) {
  constexpr std::string_view kMark = "# expect ";
  std::vector<std::string> expected;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line) && line.starts_with(kMark);) {
    expected.push_back(line.substr(kMark.size()));
  }
  return expected;
}

}  // namespace

std::vector<BadInput> BadModels() {
  std::vector<BadInput> rows;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    const std::filesystem::path& path = entry.path();
    if (path.extension() != ".pbtxt") continue;
    rows.push_back(
        {.name = path.stem(), .command = {"compile", path.string()}, .messages = Expected(path.string())});
  }
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return rows;
}

}  // namespace plgraph
