#ifndef PLGRAPH_TOOLS_TRAINING_TENSORBOARD_LOG_H_
#define PLGRAPH_TOOLS_TRAINING_TENSORBOARD_LOG_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/clock.h"
#include "core/file_system.h"
#include "serialization/event.pb.h"
#include "serialization/png_writer.h"
#include "tools/training/run_directory.h"

namespace plgraph {

/// Writes what TensorBoard shows of a run. Its steps are training episodes.
class TensorBoardLog {
 public:
  /// Begins a new file of events in the folder. What older files there hold of episodes after `episode` is taken
  /// out of them, so that a run that goes on from there repeats nothing. Files and clock must outlive it.
  TensorBoardLog(FileSystem& files, const Clock& clock, const std::string& folder, std::int64_t episode);

  /// `loss/training`, `<metric>/training`, with an evaluation `loss/evaluation`, ..., and `learning_rate`.
  void AddLine(const MetricsLine& line, double learning_rate);
  void AddHistogram(std::int64_t episode, const std::string& tag, std::span<const float> numbers);
  void AddImage(std::int64_t episode, const std::string& tag, const RgbImage& image,
                std::span<const std::byte> png);
  /// Returns when all is on the disk.
  void Sync() { file_->Sync(); }

 private:
  tensorboard::Event NewEvent(std::int64_t episode) const;
  void Write(const tensorboard::Event& event);

  const Clock& clock_;
  std::unique_ptr<WritableFile> file_;
};

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_TENSORBOARD_LOG_H_
