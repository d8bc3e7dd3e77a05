#ifndef PLGRAPH_TOOLS_TRAINING_LOADED_MODEL_H_
#define PLGRAPH_TOOLS_TRAINING_LOADED_MODEL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/file_system.h"
#include "graph/compile.h"
#include "serialization/model.pb.h"
#include "tools/training/data_source.h"

namespace plgraph {

/// A model that was read from a text or from a plan, free of faults.
struct LoadedModel {
  std::string path;
  std::string folder;  ///< of the file, to which the paths in it are relative
  Model model;         ///< with the overrides
  Graph graph;         ///< as CheckGraph leaves it; of a plan: as it was compiled
  bool is_plan = false;
  CompileOptions planned = {};  ///< of a plan: what it was compiled for
  std::string warnings = "";    ///< one a line
};

/// Reads a model file or a plan and applies overrides (`path=value`); a plan takes those of `train` only.
/// Throws Error(kInvalid) with every fault of a text, each with its place.
LoadedModel LoadModel(FileSystem& files, const std::string& path, const std::vector<std::string>& overrides);

/// Throws Error(kInvalid) with what is missing in order to train (or, if not `training`, to evaluate): a loss, an
/// optimizer, data.
void CheckCanTrain(const LoadedModel& loaded, bool training);

/// The source of training or evaluation episodes that the model's `train` describes.
std::unique_ptr<DataSource> OpenData(const LoadedModel& loaded, DataUse use, FileSystem& files);

/// What a run of the model is compiled for: batch and optimizer from `train`, the steps of one window from it and
/// from the data's `steps`. Throws Error(kInvalid) when the windows do not divide the episode.
CompileOptions OptionsFor(const LoadedModel& loaded, std::int64_t data_steps, bool training);

/// Compiles a model, or goes on from its plan. Throws Error(kInvalid) when a plan was compiled for something else.
Executable MakeExecutable(const LoadedModel& loaded, const CompileOptions& options);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_LOADED_MODEL_H_
