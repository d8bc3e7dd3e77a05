#include "tools/training/run_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/checked_size.h"
#include "core/error.h"

namespace plgraph {
namespace {

std::string Number(double value) { return std::isfinite(value) ? fmt::format("{}", value) : "null"; }

void AppendMeasures(const Measures& measures, const std::string& prefix, std::string& out) {
  out += fmt::format(", \"{}loss\": {}", prefix, Number(measures.loss));
  for (const auto& [name, value] : measures.metrics) {
    out += fmt::format(", {}: {}", nlohmann::json(prefix + name).dump(), Number(value));
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
  const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("episode") || !json["episode"].is_number_integer())
    return std::nullopt;
  const bool timed = json.contains("seconds") && json["seconds"].is_number();
  return KeptLine{json["episode"].get<std::int64_t>(), timed ? json["seconds"].get<double>() : 0};
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
  if (lock_) return;
  throw Error(ErrorKind::kInvalid,
              fmt::format("{}: another training is writing into this folder; wait for its end or stop it, or "
                          "choose another --run-dir",
                          folder_));
}

void RunDirectory::StartNew() {
  files_.CreateFolders(folder_);
  Lock();
  for (const std::string& path : {metrics_path(), last_path(), best_path()}) {
    if (!files_.Exists(path)) continue;
    throw Error(
        ErrorKind::kInvalid,
        fmt::format("{}: already holds a run ({}); go on with it by --resume, or choose another --run-dir",
                    folder_, path));
  }
  metrics_ = files_.Create(metrics_path());
}

std::optional<Checkpoint> RunDirectory::Resume() {
  if (!files_.Exists(metrics_path()) && !files_.Exists(last_path())) {
    throw Error(
        ErrorKind::kInvalid,
        fmt::format("{}: holds no run that could be resumed (no metrics.jsonl, no last.ckpt); to start one, "
                    "leave out --resume",
                    folder_));
  }
  resumed_ = true;
  Lock();
  return ReturnToLast();
}

std::optional<Checkpoint> RunDirectory::ReturnToLast() {
  metrics_.reset();  // of a file that may be replaced
  seconds_before_ = 0;
  std::optional<Checkpoint> checkpoint;
  if (files_.Exists(last_path())) checkpoint = ReadCheckpoint(files_, last_path());
  CutMetrics(checkpoint ? checkpoint->episode : 0);
  metrics_ = files_.OpenAppend(metrics_path());
  return checkpoint;
}

void RunDirectory::CutMetrics(std::int64_t episode) {
  pending_.clear();
  metrics_size_ = 0;
  if (!files_.Exists(metrics_path())) return;
  const std::vector<std::byte> bytes = files_.Read(metrics_path());
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  size_t kept = 0;
  while (true) {
    const size_t end = text.find('\n', kept);
    if (end == std::string_view::npos) break;
    const std::optional<KeptLine> line = ReadLine(text.substr(kept, end - kept));
    if (!line || line->episode > episode) break;
    seconds_before_ = line->seconds;
    kept = end + 1;
  }
  metrics_size_ = kept;
  if (kept < text.size()) WriteFileAtomically(files_, metrics_path(), Bytes(text.substr(0, kept)));
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
  pending_ += ToJson(line) + "\n";
  WritePending();
}

void RunDirectory::WritePending() {
  if (!metrics_) {
    std::vector<std::byte> bytes = files_.Read(metrics_path());
    metrics_size_ = std::min(bytes.size(), metrics_size_);
    bytes.resize(metrics_size_);
    WriteFileAtomically(files_, metrics_path(), bytes);
    metrics_ = files_.OpenAppend(metrics_path());
  }
  std::unique_ptr<WritableFile> file = std::move(metrics_);
  file->Append(Bytes(pending_));
  metrics_ = std::move(file);
  metrics_size_ += pending_.size();
  pending_.clear();
}

void RunDirectory::SaveLast(const Checkpoint& checkpoint) {
  WritePending();
  // A checkpoint never knows of episodes that metrics.jsonl has lost. After a failed sync they may be lost
  // although the next sync succeeds: the file is written anew.
  std::unique_ptr<WritableFile> file = std::move(metrics_);
  file->Sync();
  metrics_ = std::move(file);
  WriteCheckpoint(files_, last_path(), checkpoint);
}

void RunDirectory::SaveBest(const Checkpoint& checkpoint) {
  WriteCheckpoint(files_, best_path(), checkpoint);
}

void RunDirectory::SaveEpisode(const Checkpoint& checkpoint) {
  WriteCheckpoint(files_, fmt::format("{}/episode-{}.ckpt", folder_, checkpoint.episode), checkpoint);
}

void RunDirectory::Describe(RunDescription& description) {
  if (resumed_ && files_.Exists(description_path())) {
    const std::vector<std::byte> bytes = files_.Read(description_path());
    const auto* text = reinterpret_cast<const char*>(bytes.data());
    const nlohmann::json before = nlohmann::json::parse(text, text + bytes.size(), nullptr, false);
    if (before.is_object() && before.contains("started") && before["started"].is_string())
      description.started = before["started"].get<std::string>();
  }
  WriteFileAtomically(files_, description_path(), Bytes(ToJson(description)));
}

void RunDirectory::SaveModel(const std::string& text) {
  WriteFileAtomically(files_, folder_ + "/model.pbtxt", Bytes(text));
}

void RunDirectory::SaveGrid(std::span<const std::byte> png) {
  WriteFileAtomically(files_, folder_ + "/grid.png", png);
}

}  // namespace plgraph
