#ifndef PLGRAPH_TOOLS_TRAINING_RUN_DIRECTORY_H_
#define PLGRAPH_TOOLS_TRAINING_RUN_DIRECTORY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/file_system.h"
#include "serialization/state/checkpoint.h"
#include "tools/observe/growing_file.h"
#include "tools/training/run_description.h"
#include "tools/training/term_means.h"

namespace plgraph {

/// One line of metrics.jsonl.
struct MetricsLine {
  std::int64_t episode = 0;  ///< training episodes done
  Measures training;         ///< the means over the episodes since the line before
  std::optional<Measures> evaluation = std::nullopt;
  double seconds = 0;  ///< of training so far, over all resumes
};

/// A JSON object: `episode`, `loss`, each metric by its name, `seconds`; after an evaluation also
/// `evaluation_loss` and each metric as `evaluation_<name>`. A number that is not finite is null.
std::string ToJson(const MetricsLine& line);

/// The folder of one training run, which holds all that commands need of it:
///   metrics.jsonl      one MetricsLine a line, complete up to the last checkpoint whatever happens
///   last.ckpt          from where --resume goes on; there from the start of the run
///   best.ckpt          the one with the smallest loss
///   episode-<n>.ckpt   on request
///   model.pbtxt        the model with every override; its paths are absolute
///   run.json           a RunDescription
///   grid.png           on request: the newest picture of some samples
///   evaluations.jsonl  what `eval` measured: see evaluation_record.h
///   lock               locked while a training writes; empty
class RunDirectory {
 public:
  /// Touches nothing yet.
  RunDirectory(FileSystem& files, std::string folder);

  /// Locks the folder for a new run. Throws Error(kInvalid) when it already holds one, or another training writes into
  /// it.
  void StartNew();
  /// Locks the folder to go on with its run, and returns last.ckpt. Changes nothing. Throws Error(kInvalid) when the
  /// folder holds no run, or one without last.ckpt, or another training writes into it.
  Checkpoint Resume();
  /// The same checkpoint later on.
  Checkpoint ReadLast();

  /// Goes on with metrics.jsonl behind the line of this episode: later lines are taken out, and so are lines that cannot
  /// be read. Returns what is to be said of the latter; "": there were none, but for a last one that was cut.
  std::string CutMetrics(std::int64_t episode);
  /// After CutMetrics: the seconds in the last line that was kept.
  double seconds_before() const { return seconds_before_; }

  /// Makes the folder. Throws Error(kRuntime), with both numbers, when its disk has no room for `more` checkpoints of
  /// this size besides last.ckpt, best.ckpt and the one that is written before it replaces an old one.
  void CheckRoom(std::int64_t checkpoint_bytes, std::int64_t more);

  /// After an error a line is written with the next one, or by SaveLast.
  void Append(const MetricsLine& line);
  void SaveLast(const Checkpoint& checkpoint);
  void SaveBest(const Checkpoint& checkpoint);
  void SaveEpisode(const Checkpoint& checkpoint);
  void SaveDescription(const RunDescription& description);
  void SaveModel(const std::string& text);
  void SaveGrid(std::span<const std::byte> png);

  const std::string& folder() const { return folder_; }
  std::string last_path() const { return folder_ + "/last.ckpt"; }
  std::string best_path() const { return folder_ + "/best.ckpt"; }
  std::string metrics_path() const { return folder_ + "/metrics.jsonl"; }
  std::string model_path() const { return folder_ + "/model.pbtxt"; }
  std::string description_path() const { return folder_ + "/run.json"; }

 private:
  void Lock();
  std::vector<std::string> Results();

  FileSystem& files_;
  std::string folder_;
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<GrowingFile> metrics_;
  double seconds_before_ = 0;
};

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_RUN_DIRECTORY_H_
