#ifndef PLGRAPH_CORE_FILE_SYSTEM_H_
#define PLGRAPH_CORE_FILE_SYSTEM_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace plgraph {

/// A file being written. Every operation throws Error(kRuntime) with the path and the system's reason.
class WritableFile {
 public:
  virtual ~WritableFile() = default;  ///< closes without syncing
  virtual void Append(std::span<const std::byte> bytes) = 0;
  /// Returns when the bytes are on the disk.
  virtual void Sync() = 0;
  virtual void Close() = 0;
};

/// Where bytes go that are written to a path.
struct Destination {
  std::string path;  ///< what the path leads to when its links are followed
  /// A regular file, or nothing yet, which a complete file can replace. Otherwise a device, a pipe or stdout, which is
  /// written into.
  bool replaceable = true;
};

/// A new file that is to replace another.
struct TemporaryFile {
  std::string path;
  std::unique_ptr<WritableFile> file;  ///< its errors name the file to be replaced
};

/// A file being read at any place, so that a large one needs no memory for all of it.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  /// Bytes in the file when it was opened.
  virtual std::int64_t size() const = 0;
  /// Fills `out` with the bytes from `offset` on. Throws Error(kRuntime) with the path when the file ends before.
  virtual void ReadAt(std::int64_t offset, std::span<std::byte> out) = 0;
};

/// Bytes in memory, read as a file is. The bytes must outlive it; `path` is for messages.
class MemoryFile : public ReadableFile {
 public:
  MemoryFile(std::span<const std::byte> bytes, std::string path) : bytes_(bytes), path_(std::move(path)) {}
  std::int64_t size() const override { return std::ssize(bytes_); }
  void ReadAt(std::int64_t offset, std::span<std::byte> out) override;

 private:
  std::span<const std::byte> bytes_;
  std::string path_;
};

/// Bytes that lie one behind the other in a file, but not in memory.
using ByteParts = std::span<const std::span<const std::byte>>;

/// Holds a file's lock until its end; the end of the process, however it came, ends it as well.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

/// By what the content of a file is known again.
struct FileChecksum {
  std::int64_t bytes = 0;
  std::uint32_t crc32c = 0;
  friend bool operator==(const FileChecksum&, const FileChecksum&) = default;
};

/// The files, behind an interface so that a test can fail any operation.
/// Every operation throws Error(kRuntime) with the path and the system's reason. The path "-" is stdin for Exists,
/// Read and OpenRead, and stdout for Follow and Create.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual bool Exists(const std::string& path) = 0;
  /// The bytes of a regular file, or of the one that a link leads to; no value for anything else, such as a folder, a
  /// device, or a pipe, which would be waited for.
  virtual std::optional<std::int64_t> RegularSize(const std::string& path) = 0;
  /// The absolute path of a file or folder, without links: the same for all paths that lead to it.
  virtual std::string Resolve(const std::string& path) = 0;
  virtual std::vector<std::byte> Read(const std::string& path) = 0;
  /// Opens a file for reading at any place. What has no size (a pipe) is read into memory as a whole; so is, unless a
  /// file system does better, everything.
  virtual std::unique_ptr<ReadableFile> OpenRead(const std::string& path);
  /// Whether a file holds these bytes and no others. Reads it piece by piece: it needs no memory for them.
  virtual bool Holds(const std::string& path, ByteParts parts) = 0;
  /// The checksum of a file, which is read piece by piece: it needs no memory for its bytes. No value for what is not a
  /// regular file: a pipe can be read only once.
  virtual std::optional<FileChecksum> Checksum(const std::string& path) = 0;
  /// The names in a folder, in order; those of folders end in "/". "." and ".." are left out.
  virtual std::vector<std::string> List(const std::string& path) = 0;
  /// What writing to the path changes. Stdout is always "-", whether it is named so or as /dev/stdout.
  virtual Destination Follow(const std::string& path) = 0;
  /// Creates an empty file in the folder of `path`, under a name that nothing had. It has the permissions of `path`, if
  /// that is there.
  virtual TemporaryFile CreateBeside(const std::string& path) = 0;
  /// Creates the file, or empties it.
  virtual std::unique_ptr<WritableFile> Create(const std::string& path) = 0;
  /// Opens for writing at the end; creates the file if there is none.
  virtual std::unique_ptr<WritableFile> OpenAppend(const std::string& path) = 0;
  virtual void Rename(const std::string& from, const std::string& to) = 0;
  virtual void Remove(const std::string& path) = 0;
  /// Creates a folder and those above it; fine if it is there.
  virtual void CreateFolders(const std::string& path) = 0;
  /// Returns when the entries of a folder (a rename) are on the disk.
  virtual void SyncFolder(const std::string& path) = 0;
  /// Locks a file, which is created if there is none, against other locks of it. Null: somebody holds it.
  virtual std::unique_ptr<FileLock> Lock(const std::string& path) = 0;
  /// The room left to this user on the disk of a folder.
  virtual std::int64_t FreeBytes(const std::string& path) = 0;
};

/// The same path from any folder: absolute, without "." and "..".
std::string AbsolutePath(const std::string& path);

/// The machine's files.
std::unique_ptr<FileSystem> MakePosixFileSystem();

/// Writes the bytes to what the path leads to. A regular file is replaced as a whole: they are written beside it, synced,
/// read again and compared, then the new file is renamed and the folder synced. After a crash or an error at any point
/// the path holds the old bytes or the new ones, never a mixture. What cannot be replaced is written into.
void WriteFileAtomically(FileSystem& files, const std::string& path, ByteParts parts);
void WriteFileAtomically(FileSystem& files, const std::string& path, std::span<const std::byte> bytes);

/// Removes from a folder what a process that was killed within WriteFileAtomically has left there. Nobody else may be
/// writing into the folder.
void RemoveLeftovers(FileSystem& files, const std::string& folder);

/// Whether what is written to the path goes to stdout.
bool LeadsToStdout(const std::string& path);

/// Whether two paths lead to one regular file, which need not exist, or both to stdout.
bool LeadToOneFile(const std::string& a, const std::string& b);

}  // namespace plgraph

#endif  // PLGRAPH_CORE_FILE_SYSTEM_H_
