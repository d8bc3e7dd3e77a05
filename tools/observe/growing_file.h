#ifndef PLGRAPH_TOOLS_OBSERVE_GROWING_FILE_H_
#define PLGRAPH_TOOLS_OBSERVE_GROWING_FILE_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/file_system.h"

namespace plgraph {

/// A file to which a training appends, whatever the disk does meanwhile. What could not be written is kept in memory
/// and written with what follows it; before that, the end of the file, which an error may have torn, is replaced.
/// Flush and Sync throw Error(kRuntime) with the path and the system's reason.
class GrowingFile {
 public:
  /// Goes on with a file after its first `intact` bytes, which are all that it holds; 0 creates or empties it.
  /// `files` must outlive this.
  GrowingFile(FileSystem& files, std::string path, size_t intact);

  /// Takes bytes to be written by the next Flush.
  void Add(std::span<const std::byte> bytes) { pending_.insert(pending_.end(), bytes.begin(), bytes.end()); }
  /// Gives the system all that was added.
  void Flush();
  /// Flushes, and returns when everything is on the disk.
  void Sync();

 private:
  void Reopen();

  FileSystem& files_;
  std::string path_;
  std::unique_ptr<WritableFile> file_;  // null after an error: the end of the file may be torn
  size_t intact_;                       // bytes that were surely written
  std::vector<std::byte> pending_;
};

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_OBSERVE_GROWING_FILE_H_
