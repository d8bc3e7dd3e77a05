#ifndef PLGRAPH_TESTS_SUPPORT_FAILING_FILE_SYSTEM_H_
#define PLGRAPH_TESTS_SUPPORT_FAILING_FILE_SYSTEM_H_

#include <algorithm>
#include <cerrno>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/file_system.h"

namespace plgraph {

/// How an operation fails: with the system's error, a write perhaps after half of its bytes.
struct FileFault {
  int error = ENOSPC;
  bool short_write = false;
};

/// The files of another file system, of whose operations the k-th (of 0, 1, ...) fails, once or from then on. Syncs
/// only count: a test has no power cut to outlive, and thousands of them take minutes.
class FailingFileSystem : public FileSystem {
 public:
  explicit FailingFileSystem(FileSystem& files) : files_(files) {}

  void FailAt(int operation, const FileFault& fault, bool forever) {
    fault_ = fault;
    first_ = operation;
    last_ = forever ? std::numeric_limits<int>::max() : operation;
  }
  /// How many there were.
  int operations() const { return operations_; }
  /// The disk has no more room than this.
  void SetFreeBytes(std::int64_t bytes) { free_bytes_ = bytes; }

  bool Exists(const std::string& path) override { return Counted(path).Exists(path); }
  std::optional<std::int64_t> RegularSize(const std::string& path) override {
    return Counted(path).RegularSize(path);
  }
  std::string Resolve(const std::string& path) override { return Counted(path).Resolve(path); }
  std::vector<std::byte> Read(const std::string& path) override { return Counted(path).Read(path); }
  bool Holds(const std::string& path, ByteParts parts) override { return Counted(path).Holds(path, parts); }
  std::optional<FileChecksum> Checksum(const std::string& path) override {
    return Counted(path).Checksum(path);
  }
  std::vector<std::string> List(const std::string& path) override { return Counted(path).List(path); }
  Destination Follow(const std::string& path) override { return files_.Follow(path); }
  TemporaryFile CreateBeside(const std::string& path) override {
    TemporaryFile beside = Counted(path).CreateBeside(path);
    return {beside.path, std::make_unique<File>(*this, std::move(beside.file), path)};
  }
  std::unique_ptr<WritableFile> Create(const std::string& path) override {
    return std::make_unique<File>(*this, Counted(path).Create(path), path);
  }
  std::unique_ptr<WritableFile> OpenAppend(const std::string& path) override {
    return std::make_unique<File>(*this, Counted(path).OpenAppend(path), path);
  }
  void Rename(const std::string& from, const std::string& to) override { Counted(from).Rename(from, to); }
  void Remove(const std::string& path) override { Counted(path).Remove(path); }
  void CreateFolders(const std::string& path) override { Counted(path).CreateFolders(path); }
  void SyncFolder(const std::string& path) override { Counted(path); }
  std::unique_ptr<FileLock> Lock(const std::string& path) override { return Counted(path).Lock(path); }
  std::int64_t FreeBytes(const std::string& path) override {
    return std::min(Counted(path).FreeBytes(path), free_bytes_);
  }

 private:
  class File : public WritableFile {
   public:
    File(FailingFileSystem& files, std::unique_ptr<WritableFile> file, std::string path)
        : files_(files), file_(std::move(file)), path_(std::move(path)) {}
    void Append(std::span<const std::byte> bytes) override {
      if (files_.NextFails()) {
        if (files_.fault_.short_write) file_->Append(bytes.first(bytes.size() / 2));
        files_.Fail(path_);
      }
      file_->Append(bytes);
    }
    void Sync() override { files_.Counted(path_); }
    void Close() override {
      files_.Counted(path_);
      file_->Close();
    }

   private:
    FailingFileSystem& files_;
    std::unique_ptr<WritableFile> file_;
    std::string path_;
  };

  bool NextFails() {
    const int operation = operations_++;
    return first_ <= operation && operation <= last_;
  }
  [[noreturn]] void Fail(const std::string& path) const {
    throw Error(ErrorKind::kRuntime, path + ": " + std::generic_category().message(fault_.error));
  }
  FileSystem& Counted(const std::string& path) {
    if (NextFails()) Fail(path);
    return files_;
  }

  FileSystem& files_;
  FileFault fault_;
  int first_ = std::numeric_limits<int>::max();
  int last_ = -1;
  int operations_ = 0;
  std::int64_t free_bytes_ = std::numeric_limits<std::int64_t>::max();
};

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_SUPPORT_FAILING_FILE_SYSTEM_H_
