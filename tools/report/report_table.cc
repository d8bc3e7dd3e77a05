#include "tools/report/report_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "tools/report/grouped.h"
#include "tools/report/report_html.h"

namespace plgraph {
namespace {

// One row of the table.
struct Row {
  std::string title;
  std::vector<std::string> cells;  // one per run, as HTML
};

std::string Number(double number) { return fmt::format("{:.5g}", number); }

struct Point {
  double value;
  std::int64_t episode;
};

// The last value of a measure, and its least and greatest with their episodes.
std::string MeasureCell(const ReportRun& run, const std::string& key) {
  std::optional<Point> last;
  std::optional<Point> least;
  std::optional<Point> most;
  bool finite = true;  // the last one
  for (const Json& line : run.lines) {
    const auto found = line.find(key);
    if (found == line.end()) continue;
    finite = found->is_number();
    if (!finite) continue;
    last = {found->get<double>(), *IntegerAt(line, "episode")};
    if (!least || last->value < least->value) least = last;
    if (!most || last->value > most->value) most = last;
  }
  if (!last) return finite ? "–" : "<b>not finite</b>";
  return fmt::format("<b>{}</b><small>least {} at {}<br>greatest {} at {}</small>",
                     finite ? Number(last->value) : "not finite", Number(least->value),
                     Grouped(least->episode), Number(most->value), Grouped(most->episode));
}

std::string FieldText(const Json& record, const std::string& key) {
  const auto found = record.find(key);
  if (found == record.end()) return "–";
  if (found->is_string()) return Escaped(found->get<std::string>());
  const std::optional<std::int64_t> number = IntegerAt(record, key);
  return number ? Grouped(*number) : Escaped(JsonText(*found));
}

std::string PeakText(const ReportRun& run) {
  const auto found = run.record.find("peak_memory_bytes");
  if (found == run.record.end() || !found->is_number()) return "–";
  return fmt::format("{:.1f} MB", found->get<double>() / 1e6);
}

// Of training: up to its end where the run has one, else up to its last line.
std::string SecondsText(const ReportRun& run) {
  auto found = run.record.find("seconds");
  if (found == run.record.end() && !run.lines.empty()) {
    found = run.lines.back().find("seconds");
    if (found == run.lines.back().end()) return "–";
  } else if (found == run.record.end()) {
    return "–";
  }
  return found->is_number() ? fmt::format("{:.1f} s", found->get<double>()) : "–";
}

std::string EpisodesText(const ReportRun& run) {
  const std::optional<std::int64_t> total = IntegerAt(run.record, "total_episodes");
  const std::int64_t done = run.Episodes();
  std::string text = Grouped(done) + (total && *total != done ? " of " + Grouped(*total) : "");
  if (!run.Stopped()) return text;
  text += "<small>stopped";
  if (!run.lines.empty() && *IntegerAt(run.lines.back(), "episode") < done)
    text +=
        fmt::format("; the last line of metrics is at {}", Grouped(*IntegerAt(run.lines.back(), "episode")));
  return text + "</small>";
}

std::string EndText(const ReportRun& run) {
  const std::string finished = TextAt(run.record, "finished");
  if (!finished.empty()) return Escaped(finished);
  return run.Stopped() ? Escaped("stopped " + TextAt(run.record, "stopped")) : "–";
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
    for (const auto& [path, value] : runs[i].model.settings) {
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
  for (const auto& [own, value] : run.model.settings) {
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

const Json& MetricsOf(const Json& evaluation) {
  static const Json kNone = Json::object();
  const auto found = evaluation.find("metrics");
  return found != evaluation.end() && found->is_object() ? *found : kNone;
}

void AddMetricNames(const ReportRun& run, std::vector<std::string>& names) {
  for (const Json& evaluation : run.evaluations) {
    for (const auto& [name, value] : MetricsOf(evaluation).items()) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
}

std::string MeasureText(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  if (found == object.end()) return "–";
  return found->is_number() ? Number(found->get<double>()) : "not finite";
}

std::string SettingsText(const Json& evaluation) {
  const auto found = evaluation.find("settings");
  if (found == evaluation.end() || !found->is_array()) return "–";
  std::string text;
  for (const Json& setting : *found) {
    if (setting.is_string()) text += (text.empty() ? "" : "<br>") + Escaped(setting.get<std::string>());
  }
  return text.empty() ? "–" : text;
}

}  // namespace

std::string RunsTable(const std::vector<ReportRun>& runs) {
  const auto field = [](const std::string& key) {
    return [key](const ReportRun& run) { return FieldText(run.record, key); };
  };
  std::string text = "<h2>Runs</h2>\n<div class=\"scroll\"><table>\n<thead><tr><td></td>";
  for (size_t i = 0; i < runs.size(); ++i) {
    text += fmt::format("<th scope=\"col\">{}{}</th>", RunKey(i), Escaped(runs[i].name));
  }
  text += "</tr></thead>\n";
  text += RowsText("Model",
                   {MakeRow("name", runs, [](const ReportRun& run) { return Setting(run, "name"); }),
                    MakeRow("parameters", runs,
                            [](const ReportRun& run) {
                              return run.model.text.empty() ? "–" : Grouped(run.model.parameter_elements);
                            }),
                    MakeRow("seed", runs, field("seed")), MakeRow("episodes", runs, EpisodesText)},
                   runs.size());
  text += RowsText("Settings that differ", DifferingSettings(runs), runs.size());
  std::vector<Row> measures;
  for (const std::string& key : MeasuredKeys(runs)) {
    const std::string title = key.starts_with(kEvaluationPrefix)
                                  ? key.substr(kEvaluationPrefix.size()) + ", evaluation"
                                  : key + ", training";
    measures.push_back(MakeRow(title, runs, [&](const ReportRun& run) { return MeasureCell(run, key); }));
  }
  text += RowsText("At the end", measures, runs.size());
  text +=
      RowsText("Run",
               {MakeRow("time in training", runs, SecondsText), MakeRow("peak memory", runs, PeakText),
                MakeRow("started", runs, field("started")), MakeRow("finished", runs, EndText),
                MakeRow("plgraph", runs, field("version")), MakeRow("processor", runs, field("processor")),
                MakeRow("threads", runs, field("threads"))},
               runs.size());
  return text + "</table></div>\n";
}

std::string EvaluationsTable(const std::vector<ReportRun>& runs) {
  std::vector<std::string> metrics;
  std::string rows;
  for (const ReportRun& run : runs) AddMetricNames(run, metrics);
  for (size_t i = 0; i < runs.size(); ++i) {
    for (const Json& evaluation : runs[i].evaluations) {
      rows += fmt::format("<tr><th scope=\"row\">{}{}</th>", RunKey(i), Escaped(runs[i].name));
      for (const char* key : {"checkpoint", "episode", "episodes"})
        rows += "<td>" + FieldText(evaluation, key) + "</td>";
      rows += "<td>" + SettingsText(evaluation) + "</td><td>" + MeasureText(evaluation, "loss") + "</td>";
      for (const std::string& name : metrics)
        rows += "<td>" + MeasureText(MetricsOf(evaluation), name) + "</td>";
      rows += "<td>" + FieldText(evaluation, "time") + "</td></tr>\n";
    }
  }
  if (rows.empty()) return "";
  std::string heading;
  for (const char* title : {"run", "checkpoint", "after episode", "episodes measured", "settings", "loss"})
    heading += fmt::format("<th scope=\"col\">{}</th>", title);
  for (const std::string& name : metrics) heading += fmt::format("<th scope=\"col\">{}</th>", Escaped(name));
  return "<h2>Evaluations by <code>plgraph eval</code></h2>\n<div class=\"scroll\"><table>\n<thead><tr>" +
         heading + "<th scope=\"col\">time</th></tr></thead>\n<tbody>" + rows + "</tbody></table></div>\n";
}

}  // namespace plgraph
