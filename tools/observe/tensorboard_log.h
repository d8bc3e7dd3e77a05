#ifndef PLGRAPH_TOOLS_OBSERVE_TENSORBOARD_LOG_H_
#define PLGRAPH_TOOLS_OBSERVE_TENSORBOARD_LOG_H_

#include <cstdint>
#include <span>
#include <string>

#include "core/clock.h"
#include "core/file_system.h"
#include "serialization/formats/event.pb.h"
#include "serialization/formats/png_writer.h"
#include "tools/observe/growing_file.h"
#include "tools/training/run_directory.h"

namespace plgraph {

/// Takes out of plgraph's own event files in a folder what they hold of episodes after `episode` (everything for 0),
/// so that a run that goes on from there repeats nothing. A file without events is removed, and so is a copy that a kill
/// left of one (<name>.tmp); files of other programs are left as they are. Returns a line for each file with damaged records, which are taken out as well.
std::string CutEvents(FileSystem& files, const std::string& folder, std::int64_t episode);

/// Writes what TensorBoard shows of a run. Its steps are training episodes. Events are gathered by Add... and written
/// by Flush and Sync, which throw Error(kRuntime); what they could not write is written by the next call.
class TensorBoardLog {
 public:
  /// Begins a new file of events in the folder, which is read after plgraph's own files there. `files` and `clock`
  /// must outlive this.
  TensorBoardLog(FileSystem& files, const Clock& clock, const std::string& folder);

  /// `loss/training`, `<metric>/training`, with an evaluation `loss/evaluation`, ..., and `learning_rate`.
  void AddLine(const MetricsLine& line, double learning_rate);
  void AddHistogram(std::int64_t episode, const std::string& tag, std::span<const float> numbers);
  void AddImage(std::int64_t episode, const std::string& tag, const RgbImage& image,
                std::span<const std::byte> png);
  void Flush() { file_.Flush(); }
  /// Returns when all events are on the disk.
  void Sync() { file_.Sync(); }

 private:
  tensorboard::Event NewEvent(std::int64_t episode) const;
  void Add(const tensorboard::Event& event);

  const Clock& clock_;
  GrowingFile file_;
};

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_OBSERVE_TENSORBOARD_LOG_H_
