#ifndef PLGRAPH_TESTS_FUZZ_FUZZ_INPUT_H_
#define PLGRAPH_TESTS_FUZZ_FUZZ_INPUT_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/crc32c.h"
#include "core/error.h"
#include "core/file_system.h"

/// What libFuzzer calls with each input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace plgraph {

inline std::span<const std::byte> BytesOf(const std::uint8_t* data, std::size_t size) {
  return std::as_bytes(std::span(data, size));
}

/// A fault of the input must be told by an Error; anything else that is thrown ends the fuzzer.
template <typename Action>
bool Accepted(const Action& action) {
  try {
    action();
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// A plan or a checkpoint with the right checksum of its header, whatever the header became: without it no change
/// would come past the checksum. FORMAT.md has the places.
inline std::vector<std::byte> WithChecksum(std::span<const std::byte> input) {
  constexpr std::size_t kLengthAt = 16;
  constexpr std::size_t kHeaderAt = 24;
  std::vector<std::byte> bytes(input.begin(), input.end());
  if (bytes.size() < kHeaderAt + sizeof(std::uint32_t)) return bytes;
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data() + kLengthAt, sizeof(length));
  const std::size_t room = bytes.size() - kHeaderAt - sizeof(std::uint32_t);
  if (length > room) {
    length = room;
    std::memcpy(bytes.data() + kLengthAt, &length, sizeof(length));
  }
  const std::uint32_t checksum = Crc32c(std::span(bytes).first(kHeaderAt + length));
  std::memcpy(bytes.data() + kHeaderAt + length, &checksum, sizeof(checksum));
  return bytes;
}

/// Files that are only read, in memory. The folders are those that the paths name.
class MemoryFiles : public FileSystem {
 public:
  explicit MemoryFiles(std::map<std::string, std::vector<std::byte>> files) : files_(std::move(files)) {}

  bool Exists(const std::string& path) override { return files_.contains(path); }
  std::optional<std::int64_t> RegularSize(const std::string& path) override { return std::ssize(Read(path)); }
  std::string Resolve(const std::string& path) override { return path; }
  std::vector<std::byte> Read(const std::string& path) override {
    const auto found = files_.find(path);
    if (found == files_.end()) throw Error(ErrorKind::kRuntime, path + ": no such file");
    return found->second;
  }
  bool Holds(const std::string& path, ByteParts) override { Refuse(path); }
  std::optional<FileChecksum> Checksum(const std::string& path) override {
    const std::vector<std::byte> bytes = Read(path);
    return FileChecksum{static_cast<std::int64_t>(bytes.size()), Crc32c(bytes)};
  }
  std::vector<std::string> List(const std::string& path) override {
    std::map<std::string, bool> names;
    for (const auto& [file, bytes] : files_) {
      if (!file.starts_with(path + "/")) continue;
      const std::string below = file.substr(path.size() + 1);
      names[below.substr(0, below.find('/') + 1 == 0 ? below.size() : below.find('/') + 1)] = true;
    }
    std::vector<std::string> list;
    for (const auto& [name, there] : names) list.push_back(name);
    return list;
  }
  Destination Follow(const std::string& path) override { Refuse(path); }
  TemporaryFile CreateBeside(const std::string& path) override { Refuse(path); }
  std::unique_ptr<WritableFile> Create(const std::string& path) override { Refuse(path); }
  std::unique_ptr<WritableFile> OpenAppend(const std::string& path) override { Refuse(path); }
  void Rename(const std::string& from, const std::string&) override { Refuse(from); }
  void Remove(const std::string& path) override { Refuse(path); }
  void CreateFolders(const std::string& path) override { Refuse(path); }
  void SyncFolder(const std::string& path) override { Refuse(path); }
  std::unique_ptr<FileLock> Lock(const std::string& path) override { Refuse(path); }
  std::int64_t FreeBytes(const std::string& path) override { Refuse(path); }

 private:
  [[noreturn]] static void Refuse(const std::string& path) {
    throw Error(ErrorKind::kRuntime, path + ": these files are only read");
  }

  std::map<std::string, std::vector<std::byte>> files_;
};

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_FUZZ_FUZZ_INPUT_H_
