#include "tools/training/run_changes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "core/error.h"
#include "core/paths.h"
#include "serialization/language/differences.h"
#include "serialization/language/model_paths.h"
#include "serialization/language/text_reader.h"

namespace plgraph {
namespace {

// Fields of `train` that say which run it is; the others say how it goes on.
constexpr std::string_view kIdentity[] = {"train.optimizer", "train.seed", "train.data",
                                          "train.evaluation.data"};

bool IsPartOf(std::string_view path, std::string_view whole) {
  return path.starts_with(whole) && (path.size() == whole.size() || path[whole.size()] == '.');
}

bool IsIdentity(const Difference& difference) {
  if (!IsPartOf(difference.path, "train")) return true;
  return std::ranges::any_of(kIdentity,
                             [&](std::string_view field) { return IsPartOf(difference.path, field); });
}

const DataFile* Find(const std::vector<DataFile>& files, const std::string& setting) {
  const auto file =
      std::ranges::find_if(files, [&](const DataFile& entry) { return entry.setting == setting; });
  return file == files.end() ? nullptr : &*file;
}

std::string SumText(const DataFile& file) {
  return fmt::format("{} bytes with checksum {:08x}", file.checksum.bytes, file.checksum.crc32c);
}

void CompareModels(const RunRecord& before, const Model& model, const RunDescription& description,
                   RunChanges& changes) {
  for (const Difference& difference : DifferencesOf(*before.model, model)) {
    // Where a file has moved, its content says whether it is another one.
    const bool compared_by_content = before.description &&
                                     Find(before.description->data, difference.path) != nullptr &&
                                     Find(description.data, difference.path) != nullptr;
    const bool identity = IsIdentity(difference) && !compared_by_content;
    (identity ? changes.identity : changes.settings).push_back(ToText(difference));
  }
}

void CompareMachines(const RunDescription& before, const RunDescription& now, RunChanges& changes) {
  if (before.version != now.version && !before.version.empty()) {
    changes.settings.push_back(fmt::format("plgraph: {} -> {}", before.version, now.version));
  }
  if (before.kernels != now.kernels && !before.kernels.empty()) {
    changes.settings.push_back(fmt::format("kernels: {} -> {} (the last digits of sums depend on them)",
                                           before.kernels, now.kernels));
  }
}

Model ReadRunModel(FileSystem& files, const std::string& path) {
  Diagnostics diagnostics(path);
  Model model = ReadModelFile(files, path, diagnostics).model;
  diagnostics.ThrowIfErrors();
  return model;
}

}  // namespace

std::vector<std::string> ChangedFiles(const std::vector<DataFile>& before, const std::vector<DataFile>& now) {
  std::vector<std::string> changed;
  for (const DataFile& file : now) {
    const DataFile* then = Find(before, file.setting);
    if (then == nullptr || then->checksum == file.checksum) continue;
    changed.push_back(
        fmt::format("{}: {}: {} -> {}", file.setting, file.path, SumText(*then), SumText(file)));
  }
  return changed;
}

std::vector<std::string> RunChanges::All() const {
  std::vector<std::string> all = identity;
  all.insert(all.end(), settings.begin(), settings.end());
  return all;
}

std::optional<RunDescription> ReadRunDescription(FileSystem& files, const std::string& folder) {
  const std::string path = folder + "/run.json";
  if (!files.Exists(path)) return std::nullopt;
  const std::vector<std::byte> bytes = files.Read(path);
  std::optional<RunDescription> description =
      ParseRunDescription({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (description) return description;
  throw Error(
      ErrorKind::kInvalid,
      fmt::format("{}: not what `plgraph train` writes; mend it, or remove it to go on without what it "
                  "says of the run",
                  path));
}

RunRecord ReadRunRecord(FileSystem& files, const std::string& folder) {
  RunRecord record = {.model = std::nullopt, .description = ReadRunDescription(files, folder)};
  const std::string model = folder + "/model.pbtxt";
  if (files.Exists(model)) record.model = ReadRunModel(files, model);
  // Before run.json had a format, the paths stayed relative to the first model.
  const bool is_old = record.description && record.description->format == 0;
  if (record.model)
    MakePathsAbsolute(*record.model, is_old ? FolderOf(record.description->model_path) : folder);
  return record;
}

std::string CheckChanges(const RunChanges& changes, const std::string& folder, bool allowed) {
  if (changes.empty()) return "";
  const std::string list = fmt::format("\n  {}", fmt::join(changes.All(), "\n  "));
  if (changes.identity.empty() || allowed) {
    return fmt::format("{}: the run goes on with what differs from it so far:{}", folder, list);
  }
  throw Error(
      ErrorKind::kInvalid,
      fmt::format("{}: the model, the optimizer or the data are not those of the run:{}\n`plgraph train "
                  "{} --resume` goes on with the run's own model; --allow-changes goes on with what differs",
                  folder, list, folder));
}

RunDescription Continued(const RunDescription& before, RunDescription now, const RunChanges& changes,
                         std::int64_t episode) {
  if (!changes.empty()) {
    now.changes.push_back(
        {.episode = episode, .time = now.started, .command = now.command, .differences = changes.All()});
  }
  now.changes.insert(now.changes.begin(), before.changes.begin(), before.changes.end());
  now.started = before.started;
  if (!before.command.empty()) now.command = before.command;
  if (!before.model_path.empty()) now.model_path = before.model_path;
  now.settings = MergeSettings(before.settings, now.settings);
  return now;
}

RunChanges ChangesOf(const RunRecord& before, const Model& model, const RunDescription& description) {
  RunChanges changes;
  if (before.model) CompareModels(before, model, description, changes);
  if (before.description) {
    const std::vector<std::string> files = ChangedFiles(before.description->data, description.data);
    changes.identity.insert(changes.identity.end(), files.begin(), files.end());
    CompareMachines(*before.description, description, changes);
  }
  return changes;
}

}  // namespace plgraph
