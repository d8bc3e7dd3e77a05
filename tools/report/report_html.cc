#include "tools/report/report_html.h"

#include <fmt/format.h>

#include <algorithm>

namespace plgraph {
namespace {

constexpr size_t kColours = 10;
constexpr size_t kPatterns = 4;

}  // namespace

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string RunKey(size_t run) {
  return fmt::format(
      "<svg class=\"key c{} d{}\" viewBox=\"0 0 26 8\" aria-hidden=\"true\"><path d=\"M1 4H25\"/></svg>",
      run % kColours, run / kColours % kPatterns);
}

std::vector<std::string> MeasuredKeys(const std::vector<ReportRun>& runs) {
  std::vector<std::string> names;
  for (const ReportRun& run : runs) {
    for (const Json& line : run.lines) {
      for (const auto& [key, value] : line.items()) {
        if (key == "episode" || key == "seconds") continue;
        if (std::find(names.begin(), names.end(), key) == names.end()) names.push_back(key);
      }
    }
  }
  return names;
}

}  // namespace plgraph
