#include "tools/report/report_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "core/error.h"
#include "tools/training/loaded_model.h"

namespace plgraph {
namespace {

constexpr std::int64_t kLargestPicture = 16'000'000;  // bytes
constexpr std::string_view kPngBegin = "\x89PNG\r\n\x1a\n";

// Reads a part of a run, which is left out if it cannot be read.
template <typename Read>
void Attempt(ReportRun& run, std::string_view left_out, const Read& read) {
  try {
    read();
  } catch (const Error& fault) {
    run.notes.push_back(fmt::format("{}; {} left out", fault.what(), left_out));
  }
}

[[noreturn]] void Refuse(const std::string& path, const std::string& reason) {
  throw Error(ErrorKind::kInvalid, fmt::format("{}: {}", path, reason));
}

std::int64_t SizeOf(FileSystem& files, const std::string& path) {
  const std::optional<std::int64_t> size = files.RegularSize(path);
  if (!size) Refuse(path, "is not a regular file");
  return *size;
}

std::string ReadText(FileSystem& files, const std::string& path) {
  SizeOf(files, path);
  const std::vector<std::byte> bytes = files.Read(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Which lines of a file could not be read.
struct Unread {
  std::int64_t count = 0;
  std::int64_t first = 0;  // its number, from 1 on
  std::string fault = "";  // of the first
};

// Calls `use` with the object of each line; it returns what is wrong with it, "": nothing.
template <typename Use>
void ReadLines(FileSystem& files, const std::string& path, ReportRun& run, const Use& use) {
  const std::string text = ReadText(files, path);
  Unread unread;
  size_t begin = 0;
  for (std::int64_t number = 1; begin < text.size(); ++number) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const ParsedJson json = ParseJson(std::string_view(text).substr(begin, end - begin));
    begin = end + 1;
    std::string fault = json.fault;
    if (fault.empty()) fault = json.value.is_object() ? use(json.value) : "is not a JSON object";
    if (fault.empty()) continue;
    if (unread.count++ == 0) unread = {.count = 1, .first = number, .fault = fault};
  }
  if (unread.count == 0) return;
  const std::string also = unread.count == 1   ? "it is"
                           : unread.count == 2 ? "it and 1 more line are"
                                               : fmt::format("it and {} more lines are", unread.count - 1);
  run.notes.push_back(fmt::format("{}:{}: the line {}; {} left out", path, unread.first, unread.fault, also));
}

void ReadMetrics(FileSystem& files, const std::string& folder, ReportRun& run) {
  const std::string path = folder + "/metrics.jsonl";
  if (!files.Exists(path)) {
    throw Error(
        ErrorKind::kInvalid,
        fmt::format("{}: holds no run (no metrics.jsonl); name a --run-dir of `plgraph train`", folder));
  }
  Attempt(run, "the curves are", [&] {
    ReadLines(files, path, run, [&](const Json& line) -> std::string {
      if (!IntegerAt(line, "episode")) return "has no whole number \"episode\"";
      run.lines.push_back(line);
      return "";
    });
    if (run.lines.empty()) run.notes.push_back(path + ": has no line with metrics yet");
  });
}

void ReadRecord(FileSystem& files, const std::string& path, ReportRun& run) {
  ParsedJson json = ParseJson(ReadText(files, path));
  if (!json.fault.empty()) Refuse(path, json.fault);
  if (!json.value.is_object()) Refuse(path, "is not a JSON object");
  run.record = std::move(json.value);
}

// Without them it is not known what was compiled.
std::int64_t EpisodeSteps(const ReportRun& run, const std::string& path) {
  if (!run.record.contains("episode_steps")) {
    Refuse(path,
           "does not say how many steps an episode has (\"episode_steps\"), from which its phases follow");
  }
  const std::optional<std::int64_t> steps = IntegerAt(run.record, "episode_steps");
  if (steps && *steps > 0) return *steps;
  Refuse(path, fmt::format("\"episode_steps\" is {}, but must be a whole number of at least 1",
                           JsonText(run.record["episode_steps"])));
}

void ReadModel(FileSystem& files, const std::string& folder, ReportRun& run) {
  const std::string path = folder + "/model.pbtxt";
  run.model.text = ReadText(files, path);
  const LoadedModel loaded = LoadModel(files, path, {});
  AddSettings(loaded, run.model);
  Attempt(run, "the phases of the model are",
          [&] { AddPhases(loaded, EpisodeSteps(run, folder + "/run.json"), run.model); });
}

void ReadPicture(FileSystem& files, const std::string& path, const std::string& name, ReportRun& run) {
  const std::int64_t size = SizeOf(files, path);
  if (size > kLargestPicture) {
    Refuse(path, fmt::format("takes {:.1f} MB, but a picture of a report may take {:.1f} MB",
                             static_cast<double>(size) / 1e6, static_cast<double>(kLargestPicture) / 1e6));
  }
  std::vector<std::byte> bytes = files.Read(path);
  const std::span<const std::byte> begin = std::as_bytes(std::span(kPngBegin));
  if (bytes.size() < begin.size() || !std::ranges::equal(begin, std::span(bytes).first(begin.size())))
    Refuse(path, "is not a PNG file");
  run.pictures.emplace_back(name, std::move(bytes));
}

}  // namespace

std::int64_t ReportRun::Episodes() const {
  std::int64_t episodes = IntegerAt(record, "episodes").value_or(0);
  for (const Json& line : lines) episodes = std::max(episodes, *IntegerAt(line, "episode"));
  return episodes;
}

bool ReportRun::Stopped() const { return !TextAt(record, "stopped").empty(); }

ReportRun ReadReportRun(FileSystem& files, const std::string& folder) {
  ReportRun run = {.name = folder};
  ReadMetrics(files, folder, run);
  const auto attempt = [&](const std::string& name, const auto& read) {
    if (files.Exists(folder + "/" + name)) Attempt(run, "it is", [&] { read(folder + "/" + name); });
  };
  attempt("run.json", [&](const std::string& path) { ReadRecord(files, path, run); });
  attempt("evaluations.jsonl", [&](const std::string& path) {
    ReadLines(files, path, run, [&](const Json& line) {
      run.evaluations.push_back(line);
      return "";
    });
  });
  attempt("model.pbtxt", [&](const std::string&) { ReadModel(files, folder, run); });
  for (const std::string& name : files.List(folder)) {
    if (!name.ends_with(".png")) continue;
    Attempt(run, "it is", [&] { ReadPicture(files, folder + "/" + name, name, run); });
  }
  return run;
}

}  // namespace plgraph
