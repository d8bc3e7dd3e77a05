#include "tools/observe/tensorboard_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "serialization/formats/event_file.h"

namespace plgraph {
namespace {

constexpr std::string_view kPrefix = "events.out.tfevents.";
constexpr std::string_view kSuffix = ".plgraph";
constexpr std::string_view kLeftover =
    ".tmp";  // of a version that was killed here; TensorBoard reads it as well
constexpr std::string_view kDigits = "0123456789";
constexpr size_t kTimeDigits = 10;

// The time in the name of an event file that plgraph wrote: <prefix><time>.plgraph, by older versions also
// <prefix><time>.<number>.plgraph. No value for any other name.
std::optional<std::int64_t> TimeInName(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  if (name.size() < kPrefix.size() + kTimeDigits + kSuffix.size()) return std::nullopt;
  const std::string_view time = name.substr(kPrefix.size(), kTimeDigits);
  std::string_view number = name.substr(kPrefix.size() + kTimeDigits);
  number.remove_suffix(kSuffix.size());
  if (time.find_first_not_of(kDigits) != std::string_view::npos) return std::nullopt;
  if (number.empty()) return std::stoll(std::string(time));
  const bool older = number.starts_with('.') && number.size() > 1 &&
                     number.find_first_not_of(kDigits, 1) == std::string_view::npos;
  return older ? std::optional(std::stoll(std::string(time))) : std::nullopt;
}

// TensorBoard reads the files of a folder in the order of their names. Two starts may come within a second, and a
// clock may be set back.
std::string NewPath(FileSystem& files, const std::string& folder, std::int64_t now) {
  files.CreateFolders(folder);
  std::int64_t time = now;
  for (const std::string& name : files.List(folder)) {
    if (const auto other = TimeInName(name)) time = std::max(time, *other + 1);
  }
  return fmt::format("{}/{}{:0{}}{}", folder, kPrefix, time, kTimeDigits, kSuffix);
}

std::string CutFile(FileSystem& files, const std::string& path, std::int64_t episode) {
  const std::vector<std::byte> bytes = files.Read(path);
  const EventRecords read = DecodeRecords(bytes);
  if (read.records.empty() && read.damaged > 0) {
    return fmt::format(
        "{}: is damaged from its start on; no event of it can be read, and it is left as it is", path);
  }
  std::int64_t damaged = read.damaged;
  std::int64_t events = 0;
  std::vector<std::byte> kept;
  for (const std::string_view record : read.records) {
    tensorboard::Event event;
    const bool intact = event.ParseFromArray(record.data(), static_cast<int>(record.size()));
    damaged += intact ? 0 : 1;
    if (!intact || event.step() > episode) continue;
    events += event.has_file_version() ? 0 : 1;
    const std::vector<std::byte> same = EncodeRecord(record);
    kept.insert(kept.end(), same.begin(), same.end());
  }
  if (events == 0) {
    files.Remove(path);
  } else if (kept.size() < bytes.size()) {
    WriteFileAtomically(files, path, kept);
  }
  if (damaged == 0) return "";
  return fmt::format("{}: {} damaged and left out", path,
                     damaged == 1 ? "1 record is" : fmt::format("{} records are", damaged));
}

void AddScalar(tensorboard::Event& event, const std::string& tag, double number) {
  tensorboard::Summary::Value& value = *event.mutable_summary()->add_value();
  value.set_tag(tag);
  value.set_simple_value(static_cast<float>(number));
}

void AddMeasures(tensorboard::Event& event, const Measures& measures, const std::string& of) {
  AddScalar(event, "loss/" + of, measures.loss);
  for (const auto& [name, number] : measures.metrics) AddScalar(event, name + "/" + of, number);
}

}  // namespace

std::string CutEvents(FileSystem& files, const std::string& folder, std::int64_t episode) {
  std::string damages;
  RemoveLeftovers(files, folder);
  for (const std::string& name : files.List(folder)) {
    if (!TimeInName(name)) continue;
    const std::string path = folder + "/" + name;
    const std::string leftover = path + std::string(kLeftover);
    if (files.Exists(leftover)) files.Remove(leftover);
    if (episode == 0) {
      files.Remove(path);
    } else if (const std::string damage = CutFile(files, path, episode); !damage.empty()) {
      damages += (damages.empty() ? "" : "\n") + damage;
    }
  }
  return damages;
}

TensorBoardLog::TensorBoardLog(FileSystem& files, const Clock& clock, const std::string& folder)
    : clock_(clock),
      file_(files, NewPath(files, folder, static_cast<std::int64_t>(clock.SecondsSince1970())), 0) {
  tensorboard::Event event = NewEvent(0);
  event.set_file_version("brain.Event:2");
  Add(event);
}

void TensorBoardLog::AddLine(const MetricsLine& line, double learning_rate) {
  tensorboard::Event event = NewEvent(line.episode);
  AddMeasures(event, line.training, "training");
  if (line.evaluation) AddMeasures(event, *line.evaluation, "evaluation");
  AddScalar(event, "learning_rate", learning_rate);
  Add(event);
}

void TensorBoardLog::AddHistogram(std::int64_t episode, const std::string& tag,
                                  std::span<const float> numbers) {
  tensorboard::Event event = NewEvent(episode);
  tensorboard::Summary::Value& value = *event.mutable_summary()->add_value();
  value.set_tag(tag);
  *value.mutable_histo() = MakeHistogram(numbers);
  Add(event);
}

void TensorBoardLog::AddImage(std::int64_t episode, const std::string& tag, const RgbImage& image,
                              std::span<const std::byte> png) {
  tensorboard::Event event = NewEvent(episode);
  tensorboard::Summary::Value& value = *event.mutable_summary()->add_value();
  value.set_tag(tag);
  value.mutable_image()->set_height(static_cast<std::int32_t>(image.height));
  value.mutable_image()->set_width(static_cast<std::int32_t>(image.width));
  value.mutable_image()->set_colorspace(3);
  value.mutable_image()->set_encoded_image_string(png.data(), png.size());
  Add(event);
}

tensorboard::Event TensorBoardLog::NewEvent(std::int64_t episode) const {
  tensorboard::Event event;
  event.set_wall_time(clock_.SecondsSince1970());
  event.set_step(episode);
  return event;
}

void TensorBoardLog::Add(const tensorboard::Event& event) {
  file_.Add(EncodeRecord(event.SerializeAsString()));
}

}  // namespace plgraph
