#include "tools/report/report_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>

#include "tools/report/report_html.h"
#include "tools/report/report_table.h"

namespace plgraph {
namespace {

std::string Base64(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    unsigned bits = 0;
    for (size_t k = 0; k < 3; ++k)
      bits = bits << 8 | (k < count ? std::to_integer<unsigned>(bytes[i + k]) : 0U);
    for (size_t k = 0; k < 4; ++k) text += k <= count ? kDigits[bits >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

// JSON inside of <script>: nothing in it may end the element.
std::string InScript(const std::string& json) {
  std::string text;
  for (const char c : json) text += c == '<' ? "\\u003c" : std::string(1, c);
  return text;
}

// What the script draws.
std::string DataScript(const std::vector<ReportRun>& runs) {
  Json data = Json::array();
  for (const ReportRun& run : runs) {
    data.push_back({{"name", run.name}, {"lines", run.lines}});
    if (run.Stopped()) data.back()["stopped"] = run.Episodes();
  }
  return "<script type=\"application/json\" id=\"data\">" + InScript(JsonText(data)) + "</script>\n";
}

std::string Curves(const std::vector<ReportRun>& runs) {
  std::string text =
      "<h2>Curves</h2>\n<p class=\"tools\"><label><input type=\"checkbox\" id=\"log\"> logarithmic</label> "
      "<span>over training episodes; evaluations have dots, means over training episodes are "
      "lines</span></p>\n"
      "<noscript><p>The curves are drawn by the script of this page.</p></noscript>\n<div "
      "class=\"charts\">\n";
  for (const std::string& key : MeasuredKeys(runs)) {
    if (key.starts_with(kEvaluationPrefix)) continue;
    text += fmt::format("<figure data-key=\"{0}\"><figcaption>{0}</figcaption></figure>\n", Escaped(key));
  }
  return text + "</div>\n";
}

std::string Pictures(const std::vector<ReportRun>& runs) {
  std::string text;
  for (const ReportRun& run : runs) {
    for (const auto& [name, bytes] : run.pictures) {
      const std::string title = Escaped(run.name + "/" + name);
      text += fmt::format(
          "<figure><img alt=\"{0}\" src=\"data:image/png;base64,{1}\"><figcaption>{0}</figcaption>"
          "</figure>\n",
          title, Base64(bytes));
    }
  }
  return text.empty() ? text : "<h2>Pictures</h2>\n<div class=\"pictures\">\n" + text + "</div>\n";
}

std::string PhasesText(const std::vector<ReportPhase>& phases) {
  std::string text = "<div class=\"phases\">\n";
  for (const ReportPhase& phase : phases) {
    if (phase.nodes.empty()) continue;
    text += fmt::format("<section><h4>{}</h4><p>{}</p><ol>\n", Escaped(phase.name), Escaped(phase.how));
    for (const ReportNode& node : phase.nodes) {
      text += fmt::format("<li><b>{}</b> <code>{}</code> <small>{}</small></li>\n", Escaped(node.name),
                          Escaped(node.text), Escaped(node.shape));
    }
    text += "</ol></section>\n";
  }
  return text + "</div>\n";
}

// Runs of the same model are shown once.
std::string Models(const std::vector<ReportRun>& runs) {
  std::map<std::string, std::string> names;  // of the runs, by the text
  std::vector<const ReportRun*> different;
  for (const ReportRun& run : runs) {
    if (run.model.text.empty()) continue;
    std::string& list = names[run.model.text];
    if (list.empty()) different.push_back(&run);
    list += (list.empty() ? "" : ", ") + run.name;
  }
  std::string text;
  for (const ReportRun* run : different) {
    text += fmt::format(
        "<h3>{}</h3>\n{}<details><summary>The text of the model, as it was run</summary><pre>{}</pre>"
        "</details>\n",
        Escaped(names[run->model.text]), PhasesText(run->model.phases), Escaped(run->model.text));
  }
  return text.empty() ? text : "<h2>Model</h2>\n" + text;
}

// What could not be shown.
std::string Notes(const std::vector<ReportRun>& runs) {
  std::string text;
  for (const ReportRun& run : runs) {
    for (const std::string& note : run.notes) text += fmt::format("<li>{}</li>\n", Escaped(note));
  }
  return text.empty() ? text : "<h2>Left out</h2>\n<ul>\n" + text + "</ul>\n";
}

}  // namespace

std::string ReportPage(const std::vector<ReportRun>& runs) {
  std::string title = "plgraph";
  if (runs.size() == 1) title += ": " + runs.front().name;
  if (runs.size() > 1) title += fmt::format(": {} runs", runs.size());
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, "
      "initial-scale=1\">\n<title>{0}</title>\n<style>{1}</style>\n</head>\n<body>\n"
      "<main>\n<h1>{0}</h1>\n{2}{3}{4}{5}{6}{7}</main>\n{8}<script>{9}</script>\n</body>\n</html>\n",
      Escaped(title), kReportStyle, Curves(runs), RunsTable(runs), EvaluationsTable(runs), Pictures(runs),
      Models(runs), Notes(runs), DataScript(runs), kReportScript);
}

}  // namespace plgraph
