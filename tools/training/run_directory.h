#ifndef PLGRAPH_TOOLS_TRAINING_RUN_DIRECTORY_H_
#define PLGRAPH_TOOLS_TRAINING_RUN_DIRECTORY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "core/file_system.h"
#include "serialization/checkpoint.h"
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

/// The folder of one training run:
///   metrics.jsonl      one MetricsLine a line, complete up to the last checkpoint whatever happens
///   last.ckpt          from where --resume goes on
///   best.ckpt          the one with the smallest loss
///   episode-<n>.ckpt   on request
///   model.pbtxt        the model with every override
///   run.json           a RunDescription
///   grid.png           on request: the newest picture of some samples
///   lock               locked while a training writes; empty
class RunDirectory {
 public:
  /// Touches nothing yet.
  RunDirectory(FileSystem& files, std::string folder);

  /// Begins a new run. Throws Error(kInvalid) when the folder already holds one, or another
  /// training writes into it.
  void StartNew();
  /// Goes on with a run: reads last.ckpt and cuts metrics.jsonl back to its episode. No value when the run ended
  /// before its first checkpoint: it begins anew. Throws Error(kInvalid) when the folder holds no run, or
  /// another training writes into it.
  std::optional<Checkpoint> Resume();
  /// Goes back, in a run that has begun, to what Resume would find.
  std::optional<Checkpoint> ReturnToLast();
  /// After Resume or ReturnToLast: the seconds in the last line that was kept.
  double seconds_before() const { return seconds_before_; }

  /// Makes the folder. Throws Error(kRuntime), with both numbers, when its disk has no room for `more` checkpoints of
  /// this size besides last.ckpt, best.ckpt and the one that is written before it replaces an old one.
  void CheckRoom(std::int64_t checkpoint_bytes, std::int64_t more);

  /// After an error a line is written with the next one, or by SaveLast.
  void Append(const MetricsLine& line);
  void SaveLast(const Checkpoint& checkpoint);
  void SaveBest(const Checkpoint& checkpoint);
  void SaveEpisode(const Checkpoint& checkpoint);
  /// After StartNew or Resume. Takes the start of a run that is resumed from what was written before.
  void Describe(RunDescription& description);
  void SaveModel(const std::string& text);
  void SaveGrid(std::span<const std::byte> png);

  std::string last_path() const { return folder_ + "/last.ckpt"; }
  std::string best_path() const { return folder_ + "/best.ckpt"; }
  std::string metrics_path() const { return folder_ + "/metrics.jsonl"; }
  std::string description_path() const { return folder_ + "/run.json"; }

 private:
  void Lock();
  void CutMetrics(std::int64_t episode);
  void WritePending();

  FileSystem& files_;
  std::string folder_;
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<WritableFile> metrics_;  // null after an error: its end may be torn
  size_t metrics_size_ = 0;                // bytes that are surely written
  std::string pending_;                    // lines that are not
  bool resumed_ = false;
  double seconds_before_ = 0;
};

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_RUN_DIRECTORY_H_
