#include "core/file_system.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/crc32c.h"
#include "core/error.h"
#include "core/process.h"

namespace plgraph {
namespace {

// A pipe or a device has no size; one that never ends must not fill the memory.
constexpr size_t kMostFromPipe = size_t{1} << 30;
constexpr size_t kPieceSize = size_t{1} << 20;
// Of a file that is only compared.
constexpr size_t kComparedSize = size_t{64} << 10;

[[noreturn]] void Fail(const std::string& action, const std::string& path, int error) {
  throw Error(ErrorKind::kRuntime,
              fmt::format("{}: cannot {}: {}", path, action, std::generic_category().message(error)));
}

// Calls again when a signal came between; throws when the call fails.
template <typename Call>
auto Checked(const std::string& action, const std::string& path, const Call& call) {
  while (true) {
    const auto result = call();
    if (result >= 0) return result;
    if (errno != EINTR) Fail(action, path, errno);
  }
}

// An open file, closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { Close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const { return number_; }
  int Close() { return number_ < 0 ? 0 : close(Take()); }
  // Somebody else closes it.
  int Take() { return std::exchange(number_, -1); }

 private:
  int number_;
};

int OpenToRead(const std::string& path) {
  return Checked("open", path, [&] { return open(path.c_str(), O_RDONLY | O_CLOEXEC); });
}

// Fills the piece unless the file ends before; returns what came.
std::span<std::byte> ReadPiece(const Descriptor& file, const std::string& path, std::span<std::byte> piece) {
  size_t size = 0;
  while (size < piece.size()) {
    const auto got =
        Checked("read", path, [&] { return read(file.number(), &piece[size], piece.size() - size); });
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  return piece.first(size);
}

// The names that CreateBeside gives: kTemporaryPrefix, the process, a number, kTemporarySuffix.
constexpr std::string_view kTemporaryPrefix = ".plgraph-";
constexpr std::string_view kTemporarySuffix = ".tmp";
constexpr int kMostLinks = 40;  // as in Linux

constexpr std::string_view kStandardStream = "-";

// The path behind links, of which the last need not lead anywhere.
std::string BehindLinks(const std::string& path) {
  std::filesystem::path target = path;
  for (int links = 0; links <= kMostLinks; ++links) {
    std::error_code no_link;
    const std::filesystem::path next = std::filesystem::read_symlink(target, no_link);
    if (no_link) return target.string();
    target = target.parent_path() / next;
  }
  Fail("follow the links of", path, ELOOP);
}

bool IsSameFile(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// Everything that a file holds, from where it stands.
std::vector<std::byte> ReadAll(const Descriptor& file, const std::string& path) {
  struct stat info = {};
  Checked("read", path, [&] { return fstat(file.number(), &info); });
  if (S_ISDIR(info.st_mode)) Fail("read", path, EISDIR);
  std::vector<std::byte> bytes;
  if (S_ISREG(info.st_mode)) bytes.reserve(static_cast<size_t>(info.st_size) + 1);
  while (true) {
    // One byte more than the file's size finds its end without another piece of memory.
    const size_t size = bytes.size();
    bytes.resize(std::max(size + 1, std::min(bytes.capacity(), size + kPieceSize)));
    const auto got =
        Checked("read", path, [&] { return read(file.number(), &bytes[size], bytes.size() - size); });
    bytes.resize(size + static_cast<size_t>(got));
    if (got == 0) return bytes;
    if (!S_ISREG(info.st_mode) && bytes.size() > kMostFromPipe) Fail("read", path, EFBIG);
  }
}

[[noreturn]] void FailAtEnd(const std::string& path, std::int64_t end) {
  throw Error(ErrorKind::kRuntime,
              fmt::format("{}: cannot read: the file ends after {} bytes; expected more", path, end));
}

// The bytes of a file that was read as a whole.
class WholeFile : public MemoryFile {
 public:
  // The bytes move with their vector, and stay where they are.
  WholeFile(std::vector<std::byte> bytes, const std::string& path)
      : MemoryFile(bytes, path), bytes_(std::move(bytes)) {}

 private:
  std::vector<std::byte> bytes_;
};

class PosixReadableFile : public ReadableFile {
 public:
  PosixReadableFile(int number, std::int64_t size, std::string path)
      : file_(number), size_(size), path_(std::move(path)) {}

  std::int64_t size() const override { return size_; }
  void ReadAt(std::int64_t offset, std::span<std::byte> out) override {
    while (!out.empty()) {
      const auto got =
          Checked("read", path_, [&] { return pread(file_.number(), out.data(), out.size(), offset); });
      if (got == 0) FailAtEnd(path_, offset);
      offset += got;
      out = out.subspan(static_cast<size_t>(got));
    }
  }

 private:
  Descriptor file_;
  std::int64_t size_;
  std::string path_;
};

class PosixFile : public WritableFile {
 public:
  PosixFile(int number, std::string path) : file_(number), path_(std::move(path)) {}

  void Append(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const auto written =
          Checked("write", path_, [&] { return write(file_.number(), bytes.data(), bytes.size()); });
      bytes = bytes.subspan(static_cast<size_t>(written));
    }
  }

  void Sync() override {
    Checked("sync", path_, [&] {
      const int result = fsync(file_.number());
      // A pipe or a terminal has nothing to sync.
      return result < 0 && (errno == EINVAL || errno == EROFS) ? 0 : result;
    });
  }

  // After a failed close (even by a signal) the descriptor is gone: it is not tried again.
  void Close() override {
    if (file_.Close() < 0 && errno != EINTR) Fail("close", path_, errno);
  }

 private:
  Descriptor file_;
  std::string path_;
};

class PosixLock : public FileLock {
 public:
  explicit PosixLock(int number) : file_(number) {}
  int number() const { return file_.number(); }

 private:
  Descriptor file_;
};

class PosixFileSystem : public FileSystem {
 public:
  bool Exists(const std::string& path) override {
    if (path == kStandardStream) return true;
    struct stat info = {};
    if (stat(path.c_str(), &info) == 0) return true;
    if (errno != ENOENT && errno != ENOTDIR) Fail("look up", path, errno);
    return false;
  }

  std::optional<std::int64_t> RegularSize(const std::string& path) override {
    struct stat info = {};
    Checked("look up", path, [&] { return stat(path.c_str(), &info); });
    if (!S_ISREG(info.st_mode)) return std::nullopt;
    return static_cast<std::int64_t>(info.st_size);
  }

  std::string Resolve(const std::string& path) override {
    std::error_code error;
    const std::filesystem::path resolved = std::filesystem::canonical(path, error);
    if (error) Fail("look up", path, error.value());
    return resolved.string();
  }

  std::vector<std::byte> Read(const std::string& path) override {
    return ReadAll(Descriptor(OpenFileOrStdin(path)), path);
  }

  std::unique_ptr<ReadableFile> OpenRead(const std::string& path) override {
    Descriptor file(OpenFileOrStdin(path));
    struct stat info = {};
    Checked("read", path, [&] { return fstat(file.number(), &info); });
    if (!S_ISREG(info.st_mode)) return std::make_unique<WholeFile>(ReadAll(file, path), path);
    return std::make_unique<PosixReadableFile>(file.Take(), info.st_size, path);
  }

  bool Holds(const std::string& path, ByteParts parts) override {
    const Descriptor file(OpenToRead(path));
    std::vector<std::byte> piece(kComparedSize);
    for (std::span<const std::byte> part : parts) {
      while (!part.empty()) {
        const auto wanted = part.first(std::min(part.size(), piece.size()));
        if (!std::ranges::equal(ReadPiece(file, path, std::span(piece).first(wanted.size())), wanted))
          return false;
        part = part.subspan(wanted.size());
      }
    }
    return ReadPiece(file, path, std::span(piece).first(1)).empty();
  }

  std::optional<FileChecksum> Checksum(const std::string& path) override {
    const Descriptor file(OpenToRead(path));
    struct stat info = {};
    Checked("read", path, [&] { return fstat(file.number(), &info); });
    if (!S_ISREG(info.st_mode)) return std::nullopt;
    FileChecksum checksum;
    std::vector<std::byte> buffer(kComparedSize);
    while (true) {
      const std::span<const std::byte> piece = ReadPiece(file, path, buffer);
      if (piece.empty()) return checksum;
      checksum.crc32c = Crc32c(piece, checksum.crc32c);
      checksum.bytes += static_cast<std::int64_t>(piece.size());
    }
  }

  std::vector<std::string> List(const std::string& path) override {
    std::vector<std::string> names;
    std::error_code error;
    std::error_code ignored;  // a link that leads nowhere is not a folder
    for (std::filesystem::directory_iterator entry(path, error), end; !error && entry != end;
         entry.increment(error)) {
      names.push_back(entry->path().filename().string() + (entry->is_directory(ignored) ? "/" : ""));
    }
    if (error) Fail("list the folder", path, error.value());
    std::sort(names.begin(), names.end());
    return names;
  }

  Destination Follow(const std::string& path) override {
    if (LeadsToStdout(path)) return {std::string(kStandardStream), false};
    struct stat info = {};
    if (stat(path.c_str(), &info) != 0) return {BehindLinks(path), true};
    if (S_ISDIR(info.st_mode)) Fail("write", path, EISDIR);
    if (!S_ISREG(info.st_mode)) return {path, false};
    return {BehindLinks(path), true};
  }

  TemporaryFile CreateBeside(const std::string& path) override {
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    while (true) {
      const std::string name =
          fmt::format("{}{}-{}{}", kTemporaryPrefix, ProcessId(), temporaries_++, kTemporarySuffix);
      const std::string beside = (folder / name).string();
      const int number = open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (number >= 0) {
        CopyPermissions(path, number);
        return {beside, std::make_unique<PosixFile>(number, path)};
      }
      if (errno != EEXIST && errno != EINTR) Fail("create", path, errno);
    }
  }

  std::unique_ptr<WritableFile> Create(const std::string& path) override {
    if (path != kStandardStream) return Open(path, O_TRUNC);
    return std::make_unique<PosixFile>(Checked("write", "stdout", [] { return dup(STDOUT_FILENO); }),
                                       "stdout");
  }
  std::unique_ptr<WritableFile> OpenAppend(const std::string& path) override { return Open(path, O_APPEND); }

  void Rename(const std::string& from, const std::string& to) override {
    Checked("rename to " + to, from, [&] { return rename(from.c_str(), to.c_str()); });
  }

  void Remove(const std::string& path) override {
    Checked("remove", path, [&] { return unlink(path.c_str()); });
  }

  void CreateFolders(const std::string& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) Fail("create the folder", path, error.value());
    if (!std::filesystem::is_directory(path, error)) Fail("create the folder", path, ENOTDIR);
  }

  void SyncFolder(const std::string& path) override {
    const std::string folder = path.empty() ? "." : path;
    const Descriptor file(
        Checked("open", folder, [&] { return open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    Checked("sync", folder, [&] {
      const int result = fsync(file.number());
      // Some file systems of networks cannot sync a folder; there is nothing more to be done there.
      return result < 0 && errno == EINVAL ? 0 : result;
    });
  }

  std::unique_ptr<FileLock> Lock(const std::string& path) override {
    auto lock = std::make_unique<PosixLock>(
        Checked("create", path, [&] { return open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666); }));
    const bool free = Checked("lock", path, [&] {
      if (flock(lock->number(), LOCK_EX | LOCK_NB) == 0) return 1;
      return errno == EWOULDBLOCK ? 0 : -1;
    });
    if (!free) return nullptr;
    return lock;
  }

  std::int64_t FreeBytes(const std::string& path) override {
    struct statvfs info = {};
    Checked("ask for the free room of", path, [&] { return statvfs(path.c_str(), &info); });
    return static_cast<std::int64_t>(info.f_bavail) * static_cast<std::int64_t>(info.f_frsize);
  }

 private:
  int OpenFileOrStdin(const std::string& path) {
    return path == kStandardStream ? OpenStdin() : OpenToRead(path);
  }

  int OpenStdin() {
    if (std::exchange(stdin_is_read_, true)) {
      throw Error(ErrorKind::kInvalid, "-: stdin can be read once only; give the other file by its path");
    }
    return Checked("read", "stdin", [] { return dup(STDIN_FILENO); });
  }

  // Whose file it is can be kept by root only; others go without.
  static void CopyPermissions(const std::string& from, int to) {
    struct stat info = {};
    if (stat(from.c_str(), &info) != 0) return;
    if (fchown(to, info.st_uid, info.st_gid) != 0) errno = 0;
    fchmod(to, info.st_mode & 07777U);
  }

  static std::unique_ptr<WritableFile> Open(const std::string& path, int mode) {
    const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | mode;
    const int number = Checked("create", path, [&] { return open(path.c_str(), flags, 0666); });
    return std::make_unique<PosixFile>(number, path);
  }

  bool stdin_is_read_ = false;
  std::uint64_t temporaries_ = 0;
};

void WriteAll(WritableFile& file, ByteParts parts) {
  for (const std::span<const std::byte> part : parts) file.Append(part);
  file.Sync();
  file.Close();
}

void Replace(FileSystem& files, const std::string& path, ByteParts parts) {
  const TemporaryFile beside = files.CreateBeside(path);
  try {
    WriteAll(*beside.file, parts);
    if (!files.Holds(beside.path, parts)) {
      throw Error(
          ErrorKind::kRuntime,
          fmt::format("{}: other bytes are read back than were written; the disk or the memory is faulty",
                      path));
    }
    files.Rename(beside.path, path);
  } catch (...) {
    try {
      files.Remove(beside.path);
    } catch (const Error&) {
      // It cannot be removed: what went wrong before is what the user must know.
    }
    throw;
  }
  files.SyncFolder(std::filesystem::path(path).parent_path().string());
}

}  // namespace

std::unique_ptr<FileSystem> MakePosixFileSystem() { return std::make_unique<PosixFileSystem>(); }

void MemoryFile::ReadAt(std::int64_t offset, std::span<std::byte> out) {
  if (offset < 0 || offset > size() || size() - offset < std::ssize(out)) {
    FailAtEnd(path_, size());
  }
  std::copy_n(bytes_.begin() + offset, out.size(), out.begin());
}

std::unique_ptr<ReadableFile> FileSystem::OpenRead(const std::string& path) {
  return std::make_unique<WholeFile>(Read(path), path);
}

std::string AbsolutePath(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

void WriteFileAtomically(FileSystem& files, const std::string& path, ByteParts parts) {
  const Destination to = files.Follow(path);
  if (to.replaceable) return Replace(files, to.path, parts);
  WriteAll(*files.Create(to.path), parts);
}

void WriteFileAtomically(FileSystem& files, const std::string& path, std::span<const std::byte> bytes) {
  WriteFileAtomically(files, path, ByteParts(&bytes, 1));
}

void RemoveLeftovers(FileSystem& files, const std::string& folder) {
  for (const std::string& name : files.List(folder)) {
    if (!name.starts_with(kTemporaryPrefix) || !name.ends_with(kTemporarySuffix)) continue;
    files.Remove((std::filesystem::path(folder) / name).string());
  }
}

bool LeadsToStdout(const std::string& path) {
  if (path == kStandardStream) return true;
  struct stat named = {};
  struct stat ours = {};
  return stat(path.c_str(), &named) == 0 && fstat(STDOUT_FILENO, &ours) == 0 && IsSameFile(named, ours);
}

bool LeadToOneFile(const std::string& a, const std::string& b) {
  if (LeadsToStdout(a) && LeadsToStdout(b)) return true;
  struct stat first = {};
  struct stat second = {};
  const int found = (stat(a.c_str(), &first) == 0 ? 1 : 0) + (stat(b.c_str(), &second) == 0 ? 1 : 0);
  if (found > 0) return found == 2 && IsSameFile(first, second) && S_ISREG(first.st_mode);
  const auto place = [](const std::string& path) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(BehindLinks(path)));
  };
  return place(a) == place(b);
}

}  // namespace plgraph
