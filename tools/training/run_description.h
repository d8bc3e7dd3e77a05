#ifndef PLGRAPH_TOOLS_TRAINING_RUN_DESCRIPTION_H_
#define PLGRAPH_TOOLS_TRAINING_RUN_DESCRIPTION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/training/data_files.h"
#include "tools/training/loaded_model.h"
#include "tools/training/services.h"

namespace plgraph {

/// A resume with something that differs from the run so far.
struct RunChange {
  std::int64_t episode = 0;  ///< from which on it holds
  std::string time;          ///< UTC
  std::vector<std::string> command;
  std::vector<std::string> differences;  ///< `train.batch: 4 -> 8`
};

/// What a run was made of and on: the content of `run.json`, which FORMAT.md describes. Of a resumed run `command` and
/// `started` are those of its first start, `settings` every `--set` so far.
struct RunDescription {
  static constexpr int kFormat = 1;

  int format = kFormat;      ///< 0: of a version before it had a number
  std::string version = "";  ///< of plgraph
  std::string model_path = "";
  std::vector<std::string> command = {};   ///< the words of the command line
  std::vector<std::string> settings = {};  ///< `path=value`, as `--set` takes it; each path once
  std::uint64_t seed = 0;
  std::int64_t episode_steps = 0;
  std::vector<DataFile> data = {};
  bool tensorboard = false;
  std::string grid = "";  ///< as `--grid` takes it; "": no picture
  double grid_low = 0;
  double grid_high = 1;
  std::string started = "";
  std::string finished = "";        ///< "": not yet
  std::string stopped = "";         ///< when it was stopped before its end; "": it was not
  std::int64_t episodes = 0;        ///< trained until then
  std::int64_t total_episodes = 0;  ///< that the run is to have in all
  double seconds = 0;               ///< of training until then, over all resumes
  std::string processor = "";
  std::string kernels = "";  ///< the kind of vectors, see KernelTarget
  int threads = 0;
  std::int64_t peak_memory_bytes = 0;  ///< of the process that finished; 0: not yet
  std::vector<RunChange> changes = {};
};

/// Of a run that starts now on this machine. Reads the data files for their checksums.
RunDescription DescribeRun(const LoadedModel& loaded, std::int64_t episode_steps, const Services& services);

/// A JSON object on several lines.
std::string ToJson(const RunDescription& description);

/// Reads what ToJson wrote, also of earlier versions, whose missing fields stay as they are. No value when it is not
/// such object.
std::optional<RunDescription> ParseRunDescription(std::string_view json);

/// Both, with those of `more` in place of those of `settings` with the same path.
std::vector<std::string> MergeSettings(std::vector<std::string> settings,
                                       const std::vector<std::string>& more);

/// The largest resident memory of this process so far, in bytes; 0 where the system does not tell.
std::int64_t PeakMemoryBytes(FileSystem& files);

/// The model with every override and with absolute paths, as it is kept in a run.
Model SelfContained(const LoadedModel& loaded);

/// A model as a model file.
std::string ModelFileText(const Model& model);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_RUN_DESCRIPTION_H_
