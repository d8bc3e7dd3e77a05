#include "tools/observe/evaluation_record.h"

#include <memory>
#include <span>
#include <utility>

#include "serialization/state/checkpoint.h"
#include "tools/training/json_text.h"

namespace plgraph {

EvaluationRecord DescribeEvaluation(const std::string& run, const std::string& checkpoint,
                                    const LoadedModel& loaded, std::int64_t episodes,
                                    const Measures& measures, const Services& services) {
  const std::string inside = run + (run.ends_with('/') ? "" : "/");
  const std::vector<std::byte> bytes = services.files.Read(checkpoint);
  std::optional<std::int64_t> episode;
  if (IsCheckpoint(bytes)) episode = DecodeCheckpoint(bytes, checkpoint).episode;
  return {.time = UtcText(services.clock.SecondsSince1970()),
          .version = PLGRAPH_VERSION,
          .checkpoint = checkpoint.starts_with(inside) ? checkpoint.substr(inside.size()) : checkpoint,
          .episode = episode,
          .settings = loaded.overrides,
          .data = ChecksumData(loaded, services.files),
          .episodes = episodes,
          .measures = measures};
}

std::string ToJson(const EvaluationRecord& record) {
  Json json;
  json["time"] = record.time;
  json["version"] = record.version;
  json["checkpoint"] = record.checkpoint;
  if (record.episode) json["episode"] = *record.episode;
  json["settings"] = record.settings;
  json["episodes"] = record.episodes;
  json["loss"] = record.measures.loss;
  json["metrics"] = Json::object();
  for (const auto& [name, value] : record.measures.metrics) json["metrics"][name] = value;
  if (!record.data.empty()) json["data"] = JsonOf(record.data);
  return JsonText(json);
}

void AppendEvaluation(FileSystem& files, const std::string& run, const EvaluationRecord& record) {
  const std::string path = run + "/evaluations.jsonl";
  std::string line = ToJson(record) + "\n";
  if (files.Exists(path)) {
    const std::vector<std::byte> before = files.Read(path);
    if (!before.empty() && before.back() != std::byte{'\n'}) line.insert(0, "\n");
  }
  const std::unique_ptr<WritableFile> file = files.OpenAppend(path);
  file->Append(std::as_bytes(std::span(line)));
  file->Sync();
  file->Close();
}

}  // namespace plgraph
