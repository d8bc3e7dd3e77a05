#include "tools/training/run_directory.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "core/checked_size.h"
#include "core/error.h"
#include "tools/training/json_text.h"

namespace plgraph {
namespace {

std::string Number(double value) { return std::isfinite(value) ? fmt::format("{}", value) : "null"; }

void AppendMeasures(const Measures& measures, const std::string& prefix, std::string& out) {
  out += fmt::format(", \"{}loss\": {}", prefix, Number(measures.loss));
  for (const auto& [name, value] : measures.metrics) {
    out += fmt::format(", {}: {}", JsonText(prefix + name), Number(value));
  }
}

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

// Of a line that can be kept.
struct KeptLine {
  std::int64_t episode;
  double seconds;
};

// No value for a line that is torn or damaged.
std::optional<KeptLine> ReadLine(std::string_view line) {
  const Json json = ParseJson(line).value;
  const std::optional<std::int64_t> episode = IntegerAt(json, "episode");
  if (!episode) return std::nullopt;
  const bool timed = json.contains("seconds") && json["seconds"].is_number();
  return KeptLine{*episode, timed ? json["seconds"].get<double>() : 0};
}

std::string NoteOn(const std::vector<int>& unreadable, const std::string& path) {
  const size_t more = unreadable.size() - 1;
  return fmt::format("{}:{}: not a line of metrics; it was left out{}", path, unreadable.front(),
                     more == 0 ? "" : fmt::format(", and so were {} more", more));
}

}  // namespace

std::string ToJson(const MetricsLine& line) {
  std::string out = fmt::format("{{\"episode\": {}", line.episode);
  AppendMeasures(line.training, "", out);
  if (line.evaluation) AppendMeasures(*line.evaluation, "evaluation_", out);
  return out + fmt::format(", \"seconds\": {:.3f}}}", line.seconds);
}

RunDirectory::RunDirectory(FileSystem& files, std::string folder)
    : files_(files), folder_(std::move(folder)) {}

void RunDirectory::Lock() {
  lock_ = files_.Lock(folder_ + "/lock");
  if (lock_) return RemoveLeftovers(files_, folder_);
  throw Error(ErrorKind::kInvalid,
              fmt::format("{}: another training is writing into this folder; wait for its end or stop it, or "
                          "choose another --run-dir",
                          folder_));
}

// What a new run would overwrite. A run that was killed before last.ckpt has none.
std::vector<std::string> RunDirectory::Results() {
  std::vector<std::string> results;
  for (const std::string& name : files_.List(folder_)) {
    const bool ours = name == "last.ckpt" || name == "best.ckpt" || name.starts_with("episode-");
    if (ours && name.ends_with(".ckpt")) results.push_back(name);
  }
  if (files_.Exists(metrics_path()) && !files_.Read(metrics_path()).empty()) {
    results.push_back("metrics.jsonl");
  }
  return results;
}

void RunDirectory::StartNew() {
  files_.CreateFolders(folder_);
  Lock();
  const std::vector<std::string> results = Results();
  if (!results.empty()) {
    throw Error(
        ErrorKind::kInvalid,
        fmt::format("{}: already holds a run ({}); go on with it by --resume, or choose another --run-dir",
                    folder_, fmt::join(results, ", ")));
  }
  // A start writes run.json first, so this model is somebody's own.
  if (files_.Exists(model_path()) && !files_.Exists(description_path())) {
    throw Error(ErrorKind::kInvalid,
                fmt::format("{}: holds a model.pbtxt that is not of a run and would be overwritten; choose "
                            "another --run-dir",
                            folder_));
  }
  metrics_ = std::make_unique<GrowingFile>(files_, metrics_path(), 0);
}

Checkpoint RunDirectory::Resume() {
  if (files_.Exists(last_path())) {
    Lock();
    return ReadLast();
  }
  const std::vector<std::string> results =
      files_.Exists(folder_ + "/.") ? Results() : std::vector<std::string>();
  if (results.empty()) {
    throw Error(ErrorKind::kInvalid,
                fmt::format("{}: holds no run that could be resumed (no last.ckpt); to start one, leave out "
                            "--resume",
                            folder_));
  }
  throw Error(ErrorKind::kInvalid,
              fmt::format("{}: has lost its last.ckpt, from which --resume goes on, but still holds {}; copy "
                          "one of its checkpoints to last.ckpt to go on from there, or choose another "
                          "--run-dir",
                          folder_, fmt::join(results, ", ")));
}

Checkpoint RunDirectory::ReadLast() { return ReadCheckpoint(files_, last_path()); }

std::string RunDirectory::CutMetrics(std::int64_t episode) {
  metrics_.reset();  // of a file that may be replaced
  seconds_before_ = 0;
  std::string before;
  if (files_.Exists(metrics_path())) {
    const std::vector<std::byte> bytes = files_.Read(metrics_path());
    before.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  std::string kept;
  std::vector<int> unreadable;
  size_t begin = 0;
  for (int number = 1; begin < before.size(); ++number) {
    const size_t end = before.find('\n', begin);
    if (end == std::string::npos) break;  // cut by a kill
    const std::string_view text = std::string_view(before).substr(begin, end + 1 - begin);
    begin = end + 1;
    const std::optional<KeptLine> line = ReadLine(text);
    if (!line) {
      unreadable.push_back(number);
    } else if (line->episode <= episode) {
      kept += text;
      seconds_before_ = line->seconds;
    }
  }
  if (kept != before) WriteFileAtomically(files_, metrics_path(), Bytes(kept));
  metrics_ = std::make_unique<GrowingFile>(files_, metrics_path(), kept.size());
  return unreadable.empty() ? "" : NoteOn(unreadable, metrics_path());
}

void RunDirectory::CheckRoom(std::int64_t checkpoint_bytes, std::int64_t more) {
  files_.CreateFolders(folder_);
  const std::int64_t files =
      1 + more + (files_.Exists(last_path()) ? 0 : 1) + (files_.Exists(best_path()) ? 0 : 1);
  const std::int64_t need = (CheckedSize(checkpoint_bytes) * files).value();
  const std::int64_t room = files_.FreeBytes(folder_);
  if (need <= room) return;
  throw Error(
      ErrorKind::kRuntime,
      fmt::format(
          "{}: the checkpoints of this run need {:.1f} MB ({} of {:.1f} MB), but the disk has room for "
          "{:.1f} MB; make room, choose another --run-dir, or keep fewer (train.checkpoints.every)",
          folder_, static_cast<double>(need) / 1e6, files, static_cast<double>(checkpoint_bytes) / 1e6,
          static_cast<double>(room) / 1e6));
}

void RunDirectory::Append(const MetricsLine& line) {
  metrics_->Add(Bytes(ToJson(line) + "\n"));
  metrics_->Flush();
}

void RunDirectory::SaveLast(const Checkpoint& checkpoint) {
  metrics_->Sync();  // a checkpoint never knows of episodes that metrics.jsonl has lost
  WriteCheckpoint(files_, last_path(), checkpoint);
}

void RunDirectory::SaveBest(const Checkpoint& checkpoint) {
  WriteCheckpoint(files_, best_path(), checkpoint);
}

void RunDirectory::SaveEpisode(const Checkpoint& checkpoint) {
  WriteCheckpoint(files_, fmt::format("{}/episode-{}.ckpt", folder_, checkpoint.episode), checkpoint);
}

void RunDirectory::SaveDescription(const RunDescription& description) {
  WriteFileAtomically(files_, description_path(), Bytes(ToJson(description)));
}

void RunDirectory::SaveModel(const std::string& text) {
  WriteFileAtomically(files_, model_path(), Bytes(text));
}

void RunDirectory::SaveGrid(std::span<const std::byte> png) {
  WriteFileAtomically(files_, folder_ + "/grid.png", png);
}

}  // namespace plgraph
