#include "tools/training/run_location.h"

#include <fmt/format.h>

#include <optional>

#include "core/error.h"
#include "core/paths.h"
#include "tools/training/run_changes.h"

namespace plgraph {
namespace {

// To which the paths in the model of a run are relative, where they are.
std::string FolderOfPaths(FileSystem& files, const std::string& run) {
  const std::optional<RunDescription> description = ReadRunDescription(files, run);
  const bool is_old = description && description->format == 0;
  return is_old ? FolderOf(description->model_path) : run;
}

}  // namespace

bool IsRun(FileSystem& files, const std::string& path) {
  return files.Exists(path) && files.Exists(JoinPath(path, "model.pbtxt"));
}

LoadedModel LoadModelOrRun(FileSystem& files, const std::string& path,
                           const std::vector<std::string>& overrides) {
  if (IsRun(files, path)) {
    LoadedModel loaded = LoadModel(files, JoinPath(path, "model.pbtxt"), overrides);
    loaded.folder = FolderOfPaths(files, path);
    return loaded;
  }
  if (files.Exists(path + "/.")) {
    throw Error(
        ErrorKind::kInvalid,
        fmt::format("{}: a folder that holds no run of `plgraph train` (no model.pbtxt); name a model "
                    "file or the folder of a run",
                    path));
  }
  return LoadModel(files, path, overrides);
}

std::string CheckpointOfRun(FileSystem& files, const std::string& run) {
  for (const char* name : {"best.ckpt", "last.ckpt"}) {
    if (std::string path = JoinPath(run, name); files.Exists(path)) return path;
  }
  throw Error(
      ErrorKind::kInvalid,
      fmt::format("{}: the run has no checkpoint (no best.ckpt, no last.ckpt); name one by --checkpoint",
                  run));
}

}  // namespace plgraph
