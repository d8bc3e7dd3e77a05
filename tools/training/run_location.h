#ifndef PLGRAPH_TOOLS_TRAINING_RUN_LOCATION_H_
#define PLGRAPH_TOOLS_TRAINING_RUN_LOCATION_H_

#include <string>
#include <vector>

#include "core/file_system.h"
#include "tools/training/loaded_model.h"

namespace plgraph {

/// Whether the path is the folder of a run, which commands take in place of a model.
bool IsRun(FileSystem& files, const std::string& path);

/// Reads a model file, a plan, or the model of a run, as LoadModel does. Throws Error(kInvalid) for a folder that is not
/// a run.
LoadedModel LoadModelOrRun(FileSystem& files, const std::string& path,
                           const std::vector<std::string>& overrides);

/// Whose parameters a command takes of a run: best.ckpt if there is one, else last.ckpt. Throws Error(kInvalid) when the
/// run has neither.
std::string CheckpointOfRun(FileSystem& files, const std::string& run);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_RUN_LOCATION_H_
