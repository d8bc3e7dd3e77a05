#include "tools/training/run_description.h"

#include <fmt/format.h>
#include <google/protobuf/text_format.h>

#include <array>
#include <sstream>
#include <tuple>
#include <utility>

#include "graph/ir/kernel_target.h"
#include "serialization/language/model_paths.h"
#include "tools/training/json_text.h"

namespace plgraph {
namespace {

// What stands behind the colon in the first line of a file of the system that begins with `key`.
std::string FieldOf(FileSystem& files, const std::string& path, std::string_view key) {
  if (!files.Exists(path)) return "";
  const std::vector<std::byte> bytes = files.Read(path);
  std::istringstream text(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  for (std::string line; std::getline(text, line);) {
    if (!line.starts_with(key)) continue;
    const size_t begin = line.find_first_not_of(" \t", line.find(':') + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

// The words with which this process was called; none where the system does not tell.
std::vector<std::string> CommandLine(FileSystem& files) {
  const std::string path = "/proc/self/cmdline";
  std::vector<std::string> words;
  if (!files.Exists(path)) return words;
  const std::vector<std::byte> bytes = files.Read(path);
  std::istringstream text(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  for (std::string word; std::getline(text, word, '\0');) words.push_back(word);
  return words;
}

Json JsonOf(const std::vector<RunChange>& changes) {
  Json list = Json::array();
  for (const RunChange& change : changes) {
    Json entry;
    entry["episode"] = change.episode;
    entry["time"] = change.time;
    entry["command"] = change.command;
    entry["differences"] = change.differences;
    list.push_back(std::move(entry));
  }
  return list;
}

// Leaves `value` as it is where the object has no such field. Throws json's own exceptions for another type.
template <typename T>
void Take(const Json& json, const char* name, T& value) {
  if (json.contains(name)) value = json.at(name).get<T>();
}

RunChange RunChangeOf(const Json& json) {
  RunChange change;
  Take(json, "episode", change.episode);
  Take(json, "time", change.time);
  Take(json, "command", change.command);
  Take(json, "differences", change.differences);
  return change;
}

RunDescription DescriptionOf(const Json& json) {
  RunDescription description = {.format = 0};
  Take(json, "format", description.format);
  Take(json, "version", description.version);
  Take(json, "model", description.model_path);
  Take(json, "command", description.command);
  Take(json, "settings", description.settings);
  Take(json, "seed", description.seed);
  Take(json, "episode_steps", description.episode_steps);
  Take(json, "tensorboard", description.tensorboard);
  Take(json, "grid", description.grid);
  std::array<double, 2> range = {description.grid_low, description.grid_high};
  Take(json, "grid_range", range);
  std::tie(description.grid_low, description.grid_high) = std::pair(range[0], range[1]);
  Take(json, "episodes", description.episodes);
  Take(json, "total_episodes", description.total_episodes);
  Take(json, "started", description.started);
  Take(json, "finished", description.finished);
  Take(json, "stopped", description.stopped);
  Take(json, "seconds", description.seconds);
  Take(json, "processor", description.processor);
  Take(json, "kernels", description.kernels);
  Take(json, "threads", description.threads);
  Take(json, "peak_memory_bytes", description.peak_memory_bytes);
  if (json.contains("data")) description.data = DataFilesOf(json.at("data"));
  if (json.contains("changes")) {
    for (const Json& entry : json.at("changes")) description.changes.push_back(RunChangeOf(entry));
  }
  return description;
}

}  // namespace

RunDescription DescribeRun(const LoadedModel& loaded, std::int64_t episode_steps, const Services& services) {
  return {.version = PLGRAPH_VERSION,
          .model_path = loaded.path,
          .command = CommandLine(services.files),
          .settings = MergeSettings({}, loaded.overrides),
          .seed = loaded.model.train().seed(),
          .episode_steps = episode_steps,
          .data = ChecksumData(loaded, services.files),
          .started = UtcText(services.clock.SecondsSince1970()),
          .processor = FieldOf(services.files, "/proc/cpuinfo", "model name"),
          .kernels = std::string(KernelTarget()),
          .threads = services.threads.size()};
}

std::string ToJson(const RunDescription& description) {
  Json json;
  json["format"] = description.format;
  json["version"] = description.version;
  json["model"] = description.model_path;
  json["command"] = description.command;
  json["settings"] = description.settings;
  json["seed"] = description.seed;
  json["episode_steps"] = description.episode_steps;
  if (!description.data.empty()) json["data"] = JsonOf(description.data);
  json["tensorboard"] = description.tensorboard;
  if (!description.grid.empty()) {
    json["grid"] = description.grid;
    json["grid_range"] = {description.grid_low, description.grid_high};
  }
  json["total_episodes"] = description.total_episodes;
  json["started"] = description.started;
  if (!description.finished.empty()) json["finished"] = description.finished;
  if (!description.stopped.empty()) json["stopped"] = description.stopped;
  if (!description.finished.empty() || !description.stopped.empty()) {
    json["episodes"] = description.episodes;
    json["seconds"] = description.seconds;
  }
  json["processor"] = description.processor;
  json["kernels"] = description.kernels;
  json["threads"] = description.threads;
  if (description.peak_memory_bytes > 0) json["peak_memory_bytes"] = description.peak_memory_bytes;
  if (!description.changes.empty()) json["changes"] = JsonOf(description.changes);
  return JsonText(json, 2) + "\n";
}

std::optional<RunDescription> ParseRunDescription(std::string_view text) {
  const Json json = ParseJson(text).value;
  if (!json.is_object()) return std::nullopt;
  try {
    return DescriptionOf(json);
  } catch (const Json::exception&) {
    return std::nullopt;  // a field of another type
  }
}

std::vector<std::string> MergeSettings(std::vector<std::string> settings,
                                       const std::vector<std::string>& more) {
  for (const std::string& setting : more) {
    const std::string path = setting.substr(0, setting.find('=') + 1);
    std::erase_if(settings, [&](const std::string& before) { return before.starts_with(path); });
    settings.push_back(setting);
  }
  return settings;
}

std::int64_t PeakMemoryBytes(FileSystem& files) {
  const std::string kilobytes = FieldOf(files, "/proc/self/status", "VmHWM");
  return kilobytes.empty() ? 0 : std::stoll(kilobytes) * 1024;
}

Model SelfContained(const LoadedModel& loaded) {
  Model model = loaded.model;
  MakePathsAbsolute(model, loaded.folder);
  return model;
}

std::string ModelFileText(const Model& model) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(model, &text);
  return "# proto-file: serialization/language/model.proto\n# proto-message: plgraph.Model\n" + text;
}

}  // namespace plgraph
