#ifndef PLGRAPH_TOOLS_TRAINING_LOADED_MODEL_H_
#define PLGRAPH_TOOLS_TRAINING_LOADED_MODEL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/file_system.h"
#include "graph/compile.h"
#include "serialization/language/model.pb.h"
#include "serialization/state/plan.h"
#include "tools/training/data_source.h"

namespace plgraph {

/// A model that was read from a text or from a plan, free of faults.
struct LoadedModel {
  std::string path;
  std::string folder;                       ///< of the file, to which the paths in it are relative
  Model model;                              ///< with the overrides
  Graph graph;                              ///< as CheckGraph leaves it
  std::optional<Plan> plan = {};            ///< that the model was read from, as it was compiled
  SourceTable sources{""};                  ///< in which the locations of `graph` are
  std::string warnings = "";                ///< one per line
  std::vector<std::string> overrides = {};  ///< `path=value`, which `model` has
};

/// Reads a model file or a plan and applies overrides (`path=value`); a plan takes those of `train` only.
/// Throws Error(kInvalid) with every fault of the model, each with its place in a text.
LoadedModel LoadModel(FileSystem& files, const std::string& path, const std::vector<std::string>& overrides);

/// Throws Error(kInvalid) with what is missing in order to train (or, if not `training`, to evaluate): a loss, an
/// optimizer, data.
void CheckCanTrain(const LoadedModel& loaded, bool training);

/// The source of training or evaluation episodes that the model's `train` describes. Throws Error(kRuntime), before the
/// data are read, when `memory` (null: there is enough) has no room for them.
std::unique_ptr<DataSource> OpenData(const LoadedModel& loaded, DataUse use, FileSystem& files,
                                     const MemoryBudget* memory = nullptr);

/// What a run of the model is compiled for: batch and optimizer from `train`, the steps of one window from it and
/// from the data's `steps`. Throws Error(kInvalid) when the windows do not divide the episode.
CompileOptions OptionsFor(const LoadedModel& loaded, std::int64_t data_steps, bool training);

/// What a run forward over episodes of a source is compiled for: as OptionsFor, in a batch that is not larger than the
/// number of episodes, which is at most the source's.
CompileOptions ForwardOptions(const LoadedModel& loaded, const DataSource& data, std::int64_t episodes,
                              const std::vector<std::string>& outputs = {});

/// Compiles a model, or takes the graph of its plan where that was compiled for the same. What only runs forward (an
/// evaluation, `run`) is compiled from the model that a plan holds, as it would be from its text. Throws
/// Error(kInvalid) when a training is asked for that the plan was not compiled for. `control` is Compile's; a plan runs
/// no pass.
Executable MakeExecutable(const LoadedModel& loaded, CompileOptions options, const PassControl& control = {});

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_LOADED_MODEL_H_
