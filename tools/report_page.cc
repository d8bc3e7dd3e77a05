#include "tools/report_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "tools/model_options.h"

namespace plgraph {
namespace {

constexpr std::string_view kEvaluation = "evaluation_";

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

// What the script draws: the lines as they stand in metrics.jsonl.
std::string DataScript(const std::vector<ReportRun>& runs) {
  std::string json = "[";
  for (const ReportRun& run : runs) {
    json +=
        fmt::format("{}{{\"name\": {}, \"lines\": [", json.size() > 1 ? ",\n" : "",
                    nlohmann::json(run.name).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    for (size_t i = 0; i < run.line_texts.size(); ++i) json += (i == 0 ? "\n" : ",\n") + run.line_texts[i];
    json += "]}";
  }
  return "<script type=\"application/json\" id=\"data\">" + InScript(json + "]") + "</script>\n";
}

// The names of what was measured, the loss first; a run may lack some.
std::vector<std::string> Measured(const std::vector<ReportRun>& runs) {
  std::vector<std::string> names;
  for (const ReportRun& run : runs) {
    for (const nlohmann::ordered_json& line : run.lines) {
      for (const auto& [key, value] : line.items()) {
        if (key == "episode" || key == "seconds") continue;
        if (std::find(names.begin(), names.end(), key) == names.end()) names.push_back(key);
      }
    }
  }
  return names;
}

// One row of the table.
struct Row {
  std::string title;
  std::vector<std::string> cells;  // one a run, as HTML
};

std::string Number(double number) { return fmt::format("{:.5g}", number); }

// The last value of a measure, and its least and greatest with their episodes.
Row MeasureRow(const std::vector<ReportRun>& runs, const std::string& key) {
  const bool evaluation = key.starts_with(kEvaluation);
  Row row = {
      (evaluation ? key.substr(kEvaluation.size()) : key) + (evaluation ? ", evaluation" : ", training"), {}};
  for (const ReportRun& run : runs) {
    struct Point {
      double value;
      std::int64_t episode;
    };
    std::optional<Point> last;
    std::optional<Point> least;
    std::optional<Point> most;
    for (const nlohmann::ordered_json& line : run.lines) {
      if (!line.contains(key) || !line[key].is_number()) continue;
      last = {line[key].get<double>(), line["episode"].get<std::int64_t>()};
      if (!least || last->value < least->value) least = last;
      if (!most || last->value > most->value) most = last;
    }
    row.cells.push_back(!last
                            ? "–"
                            : fmt::format("<b>{}</b><small>least {} at {}<br>greatest {} at {}</small>",
                                          Number(last->value), Number(least->value), Grouped(least->episode),
                                          Number(most->value), Grouped(most->episode)));
  }
  return row;
}

std::string FieldText(const nlohmann::json& record, const std::string& key) {
  if (!record.contains(key)) return "–";
  const nlohmann::json& field = record[key];
  if (field.is_string()) return Escaped(field.get<std::string>());
  if (field.is_number_integer()) return Grouped(field.get<std::int64_t>());
  return Escaped(field.dump());
}

std::string PeakText(const nlohmann::json& record) {
  if (!record.contains("peak_memory_bytes") || !record["peak_memory_bytes"].is_number()) return "–";
  return fmt::format("{:.1f} MB", record["peak_memory_bytes"].get<double>() / 1e6);
}

std::string SecondsText(const ReportRun& run) {
  const nlohmann::ordered_json& line = run.lines.back();
  if (!line.contains("seconds") || !line["seconds"].is_number()) return "–";
  return fmt::format("{:.1f} s", line["seconds"].get<double>());
}

template <typename Text>
Row MakeRow(const std::string& title, const std::vector<ReportRun>& runs, const Text& text) {
  Row row = {title, {}};
  for (const ReportRun& run : runs) row.cells.push_back(text(run));
  return row;
}

// The settings of the models that are not the same in all runs.
std::vector<Row> DifferingSettings(const std::vector<ReportRun>& runs) {
  std::vector<std::string> paths;
  std::map<std::string, std::vector<std::string>> values;
  for (size_t i = 0; i < runs.size(); ++i) {
    for (const auto& [path, value] : runs[i].settings) {
      auto [entry, added] = values.try_emplace(path, runs.size(), "");
      if (added) paths.push_back(path);
      entry->second[i] = value;
    }
  }
  std::vector<Row> rows;
  for (const std::string& path : paths) {
    const std::vector<std::string>& all = values[path];
    if (std::set<std::string>(all.begin(), all.end()).size() == 1) continue;
    Row row = {path, {}};
    for (const std::string& value : all) row.cells.push_back(value.empty() ? "–" : Escaped(value));
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string Setting(const ReportRun& run, std::string_view path) {
  for (const auto& [own, value] : run.settings) {
    if (own == path) return Escaped(value);
  }
  return "–";
}

std::string RowsText(const std::string& heading, const std::vector<Row>& rows, size_t runs) {
  if (rows.empty()) return "";
  std::string text =
      fmt::format("<tbody><tr><th colspan=\"{}\" scope=\"rowgroup\">{}</th></tr>\n", runs + 1, heading);
  for (const Row& row : rows) {
    text += fmt::format("<tr><th scope=\"row\">{}</th>", Escaped(row.title));
    for (const std::string& cell : row.cells) text += "<td>" + cell + "</td>";
    text += "</tr>\n";
  }
  return text + "</tbody>\n";
}

std::string RunsTable(const std::vector<ReportRun>& runs) {
  const auto field = [](const std::string& key) {
    return [key](const ReportRun& run) { return FieldText(run.record, key); };
  };
  std::string text = "<h2>Runs</h2>\n<div class=\"scroll\"><table>\n<thead><tr><td></td>";
  for (size_t i = 0; i < runs.size(); ++i) {
    text += fmt::format("<th scope=\"col\"><i class=\"dot c{}\"></i>{}</th>", i % 6, Escaped(runs[i].name));
  }
  text += "</tr></thead>\n";
  text += RowsText("Model",
                   {MakeRow("name", runs, [](const ReportRun& run) { return Setting(run, "name"); }),
                    MakeRow("parameters", runs,
                            [](const ReportRun& run) {
                              return run.model_text.empty() ? "–" : Grouped(run.parameter_elements);
                            }),
                    MakeRow("seed", runs, field("seed")),
                    MakeRow("episodes", runs,
                            [](const ReportRun& run) {
                              return Grouped(run.lines.back()["episode"].get<std::int64_t>());
                            })},
                   runs.size());
  text += RowsText("Settings that differ", DifferingSettings(runs), runs.size());
  std::vector<Row> measures;
  for (const std::string& key : Measured(runs)) measures.push_back(MeasureRow(runs, key));
  text += RowsText("At the end", measures, runs.size());
  text +=
      RowsText("Run",
               {MakeRow("time in training", runs, SecondsText),
                MakeRow("peak memory", runs, [](const ReportRun& run) { return PeakText(run.record); }),
                MakeRow("started", runs, field("started")), MakeRow("finished", runs, field("finished")),
                MakeRow("plgraph", runs, field("version")), MakeRow("processor", runs, field("processor")),
                MakeRow("threads", runs, field("threads"))},
               runs.size());
  return text + "</table></div>\n";
}

std::string Curves(const std::vector<ReportRun>& runs) {
  std::string text =
      "<h2>Curves</h2>\n<p class=\"tools\"><label><input type=\"checkbox\" id=\"log\"> logarithmic</label> "
      "<span>over training episodes; evaluations are dots, means over training episodes a line</span></p>\n"
      "<noscript><p>The curves are drawn by the script of this page.</p></noscript>\n<div "
      "class=\"charts\">\n";
  for (const std::string& key : Measured(runs)) {
    if (key.starts_with(kEvaluation)) continue;
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
    if (run.model_text.empty()) continue;
    std::string& list = names[run.model_text];
    if (list.empty()) different.push_back(&run);
    list += (list.empty() ? "" : ", ") + run.name;
  }
  std::string text;
  for (const ReportRun* run : different) {
    text += fmt::format(
        "<h3>{}</h3>\n{}<details><summary>The text of the model, as it was run</summary><pre>{}</pre>"
        "</details>\n",
        Escaped(names[run->model_text]), PhasesText(run->phases), Escaped(run->model_text));
  }
  return text.empty() ? text : "<h2>Model</h2>\n" + text;
}

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

std::string ReportPage(const std::vector<ReportRun>& runs) {
  std::string title = "plgraph";
  if (runs.size() == 1) title += ": " + runs.front().name;
  if (runs.size() > 1) title += fmt::format(": {} runs", runs.size());
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, "
      "initial-scale=1\">\n<title>{0}</title>\n<style>{1}</style>\n</head>\n<body>\n"
      "<main>\n<h1>{0}</h1>\n{2}{3}{4}{5}</main>\n{6}<script>{7}</script>\n</body>\n</html>\n",
      Escaped(title), kReportStyle, Curves(runs), RunsTable(runs), Pictures(runs), Models(runs),
      DataScript(runs), kReportScript);
}

}  // namespace plgraph
