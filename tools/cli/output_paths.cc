#include "tools/cli/output_paths.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/paths.h"
#include "serialization/language/model_paths.h"
#include "tools/training/run_location.h"

namespace plgraph {
namespace {

void CheckAgainstRead(const OutputPath& output, const std::vector<std::string>& read) {
  if (LeadsToStdout(output.path)) return;
  for (const std::string& path : read) {
    if (path.empty() || !LeadToOneFile(output.path, path)) continue;
    throw Error(ErrorKind::kInvalid,
                fmt::format("{}: this command reads {}, which would be overwritten; choose another file",
                            output.words, path));
  }
}

}  // namespace

std::FILE* CheckOutputs(const std::vector<OutputPath>& written, const std::vector<std::string>& read) {
  std::FILE* text = stdout;
  for (size_t i = 0; i < written.size(); ++i) {
    if (written[i].path.empty()) continue;
    if (LeadsToStdout(written[i].path)) text = stderr;
    CheckAgainstRead(written[i], read);
    for (size_t j = 0; j < i; ++j) {
      if (!LeadToOneFile(written[i].path, written[j].path)) continue;
      throw Error(ErrorKind::kInvalid, fmt::format("{} and {} lead to one file; give each a file of its own",
                                                   written[j].words, written[i].words));
    }
  }
  return text;
}

std::vector<std::string> FilesOfRun(FileSystem& files, const std::string& run) {
  std::vector<std::string> paths;
  for (const char* name : {"model.pbtxt", "run.json", "metrics.jsonl", "evaluations.jsonl", "lock"}) {
    paths.push_back(JoinPath(run, name));
  }
  for (const std::string& name : files.List(run)) {
    if (name.ends_with(".ckpt")) paths.push_back(JoinPath(run, name));
  }
  return paths;
}

std::vector<std::string> FilesOfModel(FileSystem& files, const std::string& path, const LoadedModel& loaded) {
  std::vector<std::string> paths = {path};
  if (IsRun(files, path)) paths = FilesOfRun(files, path);
  for (std::string& named : AbsolutePathsOf(loaded.model, loaded.folder)) paths.push_back(std::move(named));
  return paths;
}

}  // namespace plgraph
