#include "tools/training/tensorboard_log.h"

#include <fmt/format.h>

#include "core/error.h"
#include "serialization/event_file.h"

namespace plgraph {
namespace {

constexpr std::string_view kPrefix = "events.out.tfevents.";

// Takes the events after an episode out of a file (all of them after none), and what a kill left of a record.
void CutEvents(FileSystem& files, const std::string& path, std::int64_t episode) {
  if (episode == 0) return files.Remove(path);
  const std::vector<std::byte> bytes = files.Read(path);
  std::vector<std::byte> kept;
  for (const std::string_view record : DecodeRecords(bytes)) {
    tensorboard::Event event;
    if (!event.ParseFromArray(record.data(), static_cast<int>(record.size())) || event.step() > episode)
      break;
    const std::vector<std::byte> same = EncodeRecord(record);
    kept.insert(kept.end(), same.begin(), same.end());
  }
  if (kept.size() < bytes.size()) WriteFileAtomically(files, path, kept);
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

TensorBoardLog::TensorBoardLog(FileSystem& files, const Clock& clock, const std::string& folder,
                               std::int64_t episode)
    : clock_(clock) {
  files.CreateFolders(folder);
  int number = 0;
  for (const std::string& name : files.List(folder)) {
    if (!name.starts_with(kPrefix)) continue;
    CutEvents(files, folder + "/" + name, episode);
    ++number;
  }
  // TensorBoard reads the files of a folder in the order of their names, which begin with the time.
  file_ = files.Create(fmt::format("{}/{}{:010}.{:04}.plgraph", folder, kPrefix,
                                   static_cast<std::int64_t>(clock.SecondsSince1970()), number));
  tensorboard::Event event = NewEvent(0);
  event.set_file_version("brain.Event:2");
  Write(event);
}

void TensorBoardLog::AddLine(const MetricsLine& line, double learning_rate) {
  tensorboard::Event event = NewEvent(line.episode);
  AddMeasures(event, line.training, "training");
  if (line.evaluation) AddMeasures(event, *line.evaluation, "evaluation");
  AddScalar(event, "learning_rate", learning_rate);
  Write(event);
}

void TensorBoardLog::AddHistogram(std::int64_t episode, const std::string& tag,
                                  std::span<const float> numbers) {
  tensorboard::Event event = NewEvent(episode);
  tensorboard::Summary::Value& value = *event.mutable_summary()->add_value();
  value.set_tag(tag);
  *value.mutable_histo() = MakeHistogram(numbers);
  Write(event);
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
  Write(event);
}

tensorboard::Event TensorBoardLog::NewEvent(std::int64_t episode) const {
  tensorboard::Event event;
  event.set_wall_time(clock_.SecondsSince1970());
  event.set_step(episode);
  return event;
}

void TensorBoardLog::Write(const tensorboard::Event& event) {
  file_->Append(EncodeRecord(event.SerializeAsString()));
}

}  // namespace plgraph
