#include "tools/observe/growing_file.h"

#include <algorithm>
#include <utility>

namespace plgraph {

GrowingFile::GrowingFile(FileSystem& files, std::string path, size_t intact)
    : files_(files),
      path_(std::move(path)),
      file_(intact == 0 ? files.Create(path_) : files.OpenAppend(path_)),
      intact_(intact) {}

void GrowingFile::Flush() {
  if (!file_) Reopen();
  std::unique_ptr<WritableFile> file = std::move(file_);
  file->Append(pending_);
  file_ = std::move(file);
  intact_ += pending_.size();
  pending_.clear();
}

// After a failed sync, bytes may be lost although the next sync succeeds: they are then written again.
void GrowingFile::Sync() {
  Flush();
  std::unique_ptr<WritableFile> file = std::move(file_);
  file->Sync();
  file_ = std::move(file);
}

void GrowingFile::Reopen() {
  std::vector<std::byte> bytes = files_.Read(path_);
  intact_ = std::min(bytes.size(), intact_);
  bytes.resize(intact_);
  WriteFileAtomically(files_, path_, bytes);
  file_ = files_.OpenAppend(path_);
}

}  // namespace plgraph
