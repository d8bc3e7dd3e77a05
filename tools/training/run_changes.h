#ifndef PLGRAPH_TOOLS_TRAINING_RUN_CHANGES_H_
#define PLGRAPH_TOOLS_TRAINING_RUN_CHANGES_H_

#include <optional>
#include <string>
#include <vector>

#include "core/file_system.h"
#include "serialization/language/model.pb.h"
#include "tools/training/run_description.h"

namespace plgraph {

/// What a run is of: so a resume can be compared with what the run has done so far.
struct RunRecord {
  std::optional<Model> model;  ///< SelfContained; no value: the run keeps none
  std::optional<RunDescription> description;
};

/// Reads `run.json` of a run, if there is one. Throws Error(kInvalid) when it is damaged.
std::optional<RunDescription> ReadRunDescription(FileSystem& files, const std::string& folder);

/// Reads `model.pbtxt` and `run.json` of a run. Throws Error(kInvalid) when one of them is damaged.
RunRecord ReadRunRecord(FileSystem& files, const std::string& folder);

/// What a resume does other than the run so far, each as `train.batch: 4 -> 8`.
struct RunChanges {
  std::vector<std::string> settings;  ///< that a run may change, and the machine
  std::vector<std::string>
      identity;  ///< that make it another run: the model, the optimizer, the seed, the data

  bool empty() const { return settings.empty() && identity.empty(); }
  std::vector<std::string> All() const;
};

/// Throws Error(kInvalid) with all changes when one of them makes it another run and that is not `allowed`. Returns what
/// is to be said of them; "": nothing changes.
std::string CheckChanges(const RunChanges& changes, const std::string& folder, bool allowed);

/// The description of a run that goes on after `episode` as `now` says.
RunDescription Continued(const RunDescription& before, RunDescription now, const RunChanges& changes,
                         std::int64_t episode);

/// The files of the same settings whose content differs, each with both checksums.
std::vector<std::string> ChangedFiles(const std::vector<DataFile>& before, const std::vector<DataFile>& now);

/// Compares all that both sides know. A file of data that has moved is the same file.
RunChanges ChangesOf(const RunRecord& before, const Model& model, const RunDescription& description);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_RUN_CHANGES_H_
