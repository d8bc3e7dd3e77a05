#include "tools/training/run_description.h"

#include <fmt/format.h>
#include <google/protobuf/text_format.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

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

}  // namespace

RunDescription DescribeRun(const LoadedModel& loaded, std::int64_t episode_steps, const Services& services) {
  return {.model_path = loaded.path,
          .seed = loaded.model.train().seed(),
          .episode_steps = episode_steps,
          .started = UtcText(services.clock.SecondsSince1970()),
          .processor = FieldOf(services.files, "/proc/cpuinfo", "model name"),
          .threads = services.threads.size()};
}

std::string ToJson(const RunDescription& description) {
  nlohmann::ordered_json json;
  json["version"] = PLGRAPH_VERSION;
  json["model"] = description.model_path;
  json["seed"] = description.seed;
  json["episode_steps"] = description.episode_steps;
  json["started"] = description.started;
  if (!description.finished.empty()) json["finished"] = description.finished;
  if (!description.stopped.empty()) json["stopped"] = description.stopped;
  if (!description.finished.empty() || !description.stopped.empty()) {
    json["episodes"] = description.episodes;
    json["seconds"] = description.seconds;
  }
  json["total_episodes"] = description.total_episodes;
  json["processor"] = description.processor;
  json["threads"] = description.threads;
  if (description.peak_memory_bytes > 0) json["peak_memory_bytes"] = description.peak_memory_bytes;
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::int64_t PeakMemoryBytes(FileSystem& files) {
  const std::string kilobytes = FieldOf(files, "/proc/self/status", "VmHWM");
  return kilobytes.empty() ? 0 : std::stoll(kilobytes) * 1024;
}

std::string ModelText(const LoadedModel& loaded) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(loaded.model, &text);
  return "# proto-file: serialization/model.proto\n# proto-message: plgraph.Model\n" + text;
}

}  // namespace plgraph
