#include "core/file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <string>

#include "core/error.h"
#include "core/memory_budget.h"
#include "tests/support/temp_folder.h"

namespace plgraph {
namespace {

std::vector<std::byte> Bytes(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
  return {bytes.begin(), bytes.end()};
}

template <typename Call>
std::string ErrorOf(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kRuntime);
    return error.what();
  }
  return "no error";
}

TEST(PosixFileSystem, WritesAppendsReadsRenamesRemoves) {
  const TempFolder folder;
  const auto files = MakePosixFileSystem();
  files->CreateFolders(folder.Path("a/b/c"));
  files->CreateFolders(folder.Path("a/b/c"));
  const std::string path = folder.Path("a/b/c/file");
  EXPECT_FALSE(files->Exists(path));
  EXPECT_FALSE(files->Exists(path + "/below a file that is not there"));
  files->Create(path)->Append(Bytes("one"));
  {
    const auto file = files->OpenAppend(path);
    file->Append(Bytes("two"));
    file->Append({});
    file->Sync();
    file->Close();
  }
  EXPECT_EQ(files->Read(path), Bytes("onetwo"));
  files->Create(path)->Append(Bytes("3"));
  EXPECT_EQ(files->Read(path), Bytes("3"));
  files->Rename(path, folder.Path("moved"));
  files->SyncFolder(folder.Path(""));
  EXPECT_FALSE(files->Exists(path));
  EXPECT_EQ(files->Read(folder.Path("moved")), Bytes("3"));
  files->Remove(folder.Path("moved"));
  EXPECT_FALSE(files->Exists(folder.Path("moved")));
}

TEST(PosixFileSystem, ReadsLargeFilesAndPipes) {
  const TempFolder folder;
  const auto files = MakePosixFileSystem();
  const std::string large(5'000'000, 'x');
  files->Create(folder.Path("large"))->Append(Bytes(large));
  EXPECT_EQ(files->Read(folder.Path("large")), Bytes(large));
  EXPECT_TRUE(files->Read("/dev/null").empty());
  EXPECT_FALSE(files->Read("/proc/self/status").empty());  // says that its size is 0
}

TEST(PosixFileSystem, ComparesAFileWithBytesInParts) {
  const TempFolder folder;
  const auto files = MakePosixFileSystem();
  const std::vector<std::byte> large = Bytes(std::string(200'000, 'x'));
  const std::vector<std::byte> end = Bytes("end");
  const std::vector<std::span<const std::byte>> parts = {large, {}, end};
  const auto holds = [&](const std::string& text) {
    files->Create(folder.Path("file"))->Append(Bytes(text));
    return files->Holds(folder.Path("file"), parts);
  };
  const std::string text = std::string(200'000, 'x') + "end";
  EXPECT_TRUE(holds(text));
  EXPECT_FALSE(holds(text + "x"));
  EXPECT_FALSE(holds(text.substr(1)));
  EXPECT_FALSE(holds(text.substr(0, 200'000)));
  EXPECT_FALSE(holds(text.substr(0, 199'999) + "yend"));
  EXPECT_FALSE(holds(""));
  EXPECT_TRUE(files->Holds("/dev/null", {}));
}

TEST(PosixFileSystem, SaysWhichFileAndWhy) {
  const TempFolder folder;
  const auto files = MakePosixFileSystem();
  const std::string missing = folder.Path("missing");
  EXPECT_EQ(ErrorOf([&] { files->Read(missing); }), missing + ": cannot open: No such file or directory");
  EXPECT_EQ(ErrorOf([&] { files->Remove(missing); }), missing + ": cannot remove: No such file or directory");
  EXPECT_THAT(ErrorOf([&] { files->Read(folder.Path("")); }), testing::HasSubstr("Is a directory"));
  EXPECT_THAT(ErrorOf([&] { files->Create(missing + "/x"); }), testing::HasSubstr("cannot create"));
  EXPECT_THAT(ErrorOf([&] { files->Rename(missing, missing + "2"); }),
              testing::HasSubstr("cannot rename to"));
  files->Create(folder.Path("file"))->Append(Bytes("x"));
  EXPECT_THAT(ErrorOf([&] { files->CreateFolders(folder.Path("file")); }),
              testing::HasSubstr("cannot create the folder"));
  EXPECT_THAT(ErrorOf([&] { files->CreateFolders(folder.Path("file/below")); }),
              testing::HasSubstr("Not a directory"));
}

TEST(PosixFileSystem, ListsAFolder) {
  const auto files = MakePosixFileSystem();
  const TempFolder folder;
  for (const std::string name : {"b", "a.txt", "c"}) folder.Write(name, name);
  EXPECT_EQ(files->List(folder.Path("")), (std::vector<std::string>{"a.txt", "b", "c"}));
  EXPECT_EQ(ErrorOf([&] { files->List(folder.Path("none")); }),
            folder.Path("none") + ": cannot list the folder: No such file or directory");
}

TEST(PosixFileSystem, TellsRegularFilesFromOthersAndSeesThroughLinks) {
  const TempFolder folder;
  const std::unique_ptr<FileSystem> files = MakePosixFileSystem();
  const std::string file = folder.Write("file", "1234567");
  std::filesystem::create_symlink(file, folder.Path("link"));
  std::filesystem::create_directory_symlink(folder.Path(""), folder.Path("here"));
  ASSERT_EQ(mkfifo(folder.Path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(files->RegularSize(file), 7);
  EXPECT_EQ(files->RegularSize(folder.Path("link")), 7);
  EXPECT_EQ(files->RegularSize(folder.Path("pipe")), std::nullopt);
  EXPECT_EQ(files->RegularSize(folder.Path("here")), std::nullopt);
  EXPECT_EQ(files->RegularSize("/dev/null"), std::nullopt);
  EXPECT_THROW(files->RegularSize(folder.Path("none")), Error);
  EXPECT_EQ(files->Resolve(folder.Path("here/./here/link")), files->Resolve(file));
  EXPECT_THROW(files->Resolve(folder.Path("none")), Error);
}

TEST(PosixFileSystem, ReadsAtAnyPlace) {
  const TempFolder folder;
  const auto files = MakePosixFileSystem();
  const std::string path = folder.Write("file", "0123456789");
  const std::vector<std::byte> in_memory = Bytes("0123456789");
  MemoryFile memory(in_memory, path);
  const std::unique_ptr<ReadableFile> opened = files->OpenRead(path);
  for (ReadableFile* file : {opened.get(), static_cast<ReadableFile*>(&memory)}) {
    EXPECT_EQ(file->size(), 10);
    std::vector<std::byte> piece(3);
    file->ReadAt(7, piece);
    EXPECT_EQ(piece, Bytes("789"));
    file->ReadAt(2, piece);
    EXPECT_EQ(piece, Bytes("234"));
    file->ReadAt(10, {});
    EXPECT_THAT(ErrorOf([&] { file->ReadAt(8, piece); }),
                testing::HasSubstr("file: cannot read: the file ends after 10 bytes; expected more"));
  }
  EXPECT_EQ(ErrorOf([&] { files->OpenRead(folder.Path("none")); }),
            folder.Path("none") + ": cannot open: No such file or directory");
  EXPECT_EQ(ErrorOf([&] { files->OpenRead(folder.Path("")); }),
            folder.Path("") + ": cannot read: Is a directory");
  const std::unique_ptr<ReadableFile> device =
      files->OpenRead("/dev/null");  // it has no size: read as a whole
  EXPECT_EQ(device->size(), 0);
}

TEST(PosixFileSystem, FullDiskIsAnError) {
  const auto files = MakePosixFileSystem();
  if (!files->Exists("/dev/full")) GTEST_SKIP();
  EXPECT_EQ(ErrorOf([&] { files->Create("/dev/full")->Append(Bytes("x")); }),
            "/dev/full: cannot write: No space left on device");
}

// Files in memory. What was not synced is gone after a crash; the crash comes after a given number of calls.
class CrashingFiles : public FileSystem {
 public:
  void CrashAfter(int calls, bool forever) {
    calls_left_ = calls;
    forever_ = forever;
  }
  void Set(const std::string& path, const std::vector<std::byte>& bytes) { files_[path] = {bytes, bytes}; }
  bool Has(const std::string& path) const { return files_.contains(path); }
  std::vector<std::byte> AfterCrash(const std::string& path) const { return files_.at(path).synced; }

  bool Exists(const std::string& path) override { return Has(path); }
  std::optional<std::int64_t> RegularSize(const std::string& path) override {
    return std::ssize(files_.at(path).content);
  }
  std::string Resolve(const std::string& path) override { return path; }
  std::vector<std::byte> Read(const std::string& path) override { return files_.at(path).content; }
  bool Holds(const std::string& path, ByteParts parts) override {
    std::vector<std::byte> bytes;
    for (const std::span<const std::byte> part : parts) bytes.insert(bytes.end(), part.begin(), part.end());
    return Read(path) == bytes;
  }
  std::optional<FileChecksum> Checksum(const std::string&) override { return std::nullopt; }
  std::vector<std::string> List(const std::string&) override {
    std::vector<std::string> names;
    for (const auto& [name, entry] : files_) names.push_back(name);
    return names;
  }
  Destination Follow(const std::string& path) override { return {path, true}; }
  TemporaryFile CreateBeside(const std::string& path) override {
    return {path + ".tmp", Create(path + ".tmp")};
  }
  std::unique_ptr<WritableFile> Create(const std::string& path) override {
    Count();
    files_[path] = {};
    return std::make_unique<File>(*this, path);
  }
  std::unique_ptr<WritableFile> OpenAppend(const std::string& path) override { return Create(path); }
  void Rename(const std::string& from, const std::string& to) override {
    Count();
    files_[to] = files_.at(from);
    files_.erase(from);
  }
  void Remove(const std::string& path) override {
    Count();
    files_.erase(path);
  }
  void CreateFolders(const std::string&) override {}
  void SyncFolder(const std::string& path) override {
    Count();
    synced_folder_ = path;
  }
  std::unique_ptr<FileLock> Lock(const std::string&) override { return nullptr; }
  std::int64_t FreeBytes(const std::string&) override { return 0; }
  void WriteWrongly() { wrong_ = true; }
  const std::string& synced_folder() const { return synced_folder_; }

 private:
  struct Entry {
    std::vector<std::byte> content;
    std::vector<std::byte> synced;
  };
  class File : public WritableFile {
   public:
    File(CrashingFiles& files, std::string path) : files_(files), path_(std::move(path)) {}
    void Append(std::span<const std::byte> bytes) override {
      files_.Count();
      auto& content = files_.files_.at(path_).content;
      content.insert(content.end(), bytes.begin(), bytes.end());
      if (files_.wrong_) content.back() ^= std::byte{1};
    }
    void Sync() override {
      files_.Count();
      files_.files_.at(path_).synced = files_.files_.at(path_).content;
    }
    void Close() override { files_.Count(); }

   private:
    CrashingFiles& files_;
    std::string path_;
  };

  void Count() {
    if (calls_left_-- > 0) return;
    if (!forever_) calls_left_ = 1000;
    throw Error(ErrorKind::kRuntime, "crash");
  }

  std::map<std::string, Entry> files_;
  std::string synced_folder_;
  int calls_left_ = 1000;
  bool forever_ = false;
  bool wrong_ = false;
};

constexpr int kCalls = 6;  // create, append, sync, close, rename, sync the folder

TEST(WriteFileAtomically, ACrashAtAnyPointLeavesTheOldFileOrTheNewOne) {
  for (int calls = 0; calls <= kCalls; ++calls) {
    CrashingFiles files;
    files.Set("folder/file", Bytes("old"));
    files.CrashAfter(calls, true);
    if (calls == kCalls) {
      WriteFileAtomically(files, "folder/file", Bytes("new"));
    } else {
      EXPECT_EQ(ErrorOf([&] { WriteFileAtomically(files, "folder/file", Bytes("new")); }), "crash");
    }
    EXPECT_EQ(files.AfterCrash("folder/file"), calls < 5 ? Bytes("old") : Bytes("new")) << calls;
    EXPECT_EQ(files.synced_folder(), calls == kCalls ? "folder" : "");
  }
}

TEST(WriteFileAtomically, AFailureLeavesNothingBehind) {
  for (int calls = 0; calls < kCalls - 1; ++calls) {
    CrashingFiles files;
    files.Set("file", Bytes("old"));
    files.CrashAfter(calls, false);
    EXPECT_EQ(ErrorOf([&] { WriteFileAtomically(files, "file", Bytes("new")); }), "crash");
    EXPECT_EQ(files.Read("file"), Bytes("old"));
    EXPECT_FALSE(files.Has("file.tmp")) << calls;
  }
}

TEST(WriteFileAtomically, WhatTheDiskGarblesReplacesNothing) {
  CrashingFiles files;
  files.Set("file", Bytes("old"));
  files.WriteWrongly();
  EXPECT_EQ(ErrorOf([&] { WriteFileAtomically(files, "file", Bytes("new")); }),
            "file: other bytes are read back than were written; the disk or the memory is faulty");
  EXPECT_EQ(files.Read("file"), Bytes("old"));
  EXPECT_FALSE(files.Has("file.tmp"));
}

TEST(PosixFileSystem, LocksAFileOnce) {
  const TempFolder folder;
  const auto files = MakePosixFileSystem();
  std::unique_ptr<FileLock> lock = files->Lock(folder.Path("lock"));
  EXPECT_NE(lock, nullptr);
  EXPECT_EQ(files->Lock(folder.Path("lock")), nullptr);
  lock.reset();
  EXPECT_NE(files->Lock(folder.Path("lock")), nullptr);
}

TEST(WriteFileAtomically, WorksOnTheDisk) {
  const TempFolder folder;
  const auto files = MakePosixFileSystem();
  WriteFileAtomically(*files, folder.Path("file"), Bytes("old"));
  WriteFileAtomically(*files, folder.Path("file"), Bytes("new"));
  EXPECT_EQ(files->Read(folder.Path("file")), Bytes("new"));
  EXPECT_FALSE(files->Exists(folder.Path("file.tmp")));
  const std::string nowhere = folder.Path("missing/file");
  EXPECT_THAT(ErrorOf([&] { WriteFileAtomically(*files, nowhere, Bytes("new")); }),
              testing::HasSubstr(nowhere));
}

TEST(PosixFileSystem, FollowsLinksAndSeesWhatCannotBeReplaced) {
  const TempFolder folder;
  const auto files = MakePosixFileSystem();
  const std::string link = folder.Path("link");
  std::filesystem::create_symlink("target", link);
  EXPECT_EQ(files->Follow(link).path, folder.Path("target"));
  EXPECT_TRUE(files->Follow(link).replaceable);
  folder.Write("target", "x");
  EXPECT_EQ(files->Follow(link).path, folder.Path("target"));
  EXPECT_FALSE(files->Follow("/dev/full").replaceable);
  EXPECT_EQ(files->Follow("-").path, "-");
  EXPECT_FALSE(files->Follow("-").replaceable);
  EXPECT_EQ(ErrorOf([&] { files->Follow(folder.Path("")); }),
            folder.Path("") + ": cannot write: Is a directory");
  std::filesystem::create_symlink("round", folder.Path("round"));
  EXPECT_THAT(ErrorOf([&] { files->Follow(folder.Path("round")); }),
              testing::HasSubstr("cannot follow the links of"));
}

TEST(PosixFileSystem, TemporaryFilesHaveNamesOfTheirOwn) {
  const TempFolder folder;
  const auto files = MakePosixFileSystem();
  const TemporaryFile first = files->CreateBeside(folder.Path("x"));
  // Another process of the same number, before this one.
  EXPECT_NE(MakePosixFileSystem()->CreateBeside(folder.Path("x")).path, first.path);
  folder.Write(".plgraph-mine", "");
  folder.Write("x.tmp", "");
  RemoveLeftovers(*files, folder.Path(""));
  EXPECT_EQ(files->List(folder.Path("")), (std::vector<std::string>{".plgraph-mine", "x.tmp"}));
}

TEST(LeadToOneFile, ComparesFilesNotNames) {
  const TempFolder folder;
  folder.Write("a", "");
  folder.Write("b", "");
  std::filesystem::create_symlink("a", folder.Path("link"));
  std::filesystem::create_hard_link(folder.Path("a"), folder.Path("hard"));
  std::filesystem::create_symlink("new", folder.Path("to_new"));
  const auto one = [&](const std::string& x, const std::string& y) {
    return LeadToOneFile(folder.Path(x), folder.Path(y));
  };
  EXPECT_TRUE(one("a", "./a"));
  EXPECT_TRUE(one("a", "link"));
  EXPECT_TRUE(one("hard", "link"));
  EXPECT_TRUE(one("new", "to_new"));
  EXPECT_TRUE(one("new", "./new"));
  EXPECT_FALSE(one("a", "b"));
  EXPECT_FALSE(one("a", "new"));
  EXPECT_FALSE(one("new", "newer"));
  EXPECT_TRUE(LeadToOneFile("-", "-"));
  EXPECT_FALSE(LeadToOneFile("/dev/full", "/dev/full"));  // a device takes all of them
}

TEST(SystemMemory, GivesZeroedAlignedMemoryAndRefusesTheImpossible) {
  SystemMemory memory;
  EXPECT_GT(memory.Available(), 0);
  constexpr std::int64_t kSize = 1 << 20;
  void* taken = memory.Take(kSize);
  ASSERT_NE(taken, nullptr);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(taken) % 64, 0U);
  const auto* bytes = static_cast<const unsigned char*>(taken);
  for (std::int64_t i = 0; i < kSize; i += 4096) EXPECT_EQ(bytes[i], 0);
  memory.Release(taken, kSize);
  EXPECT_EQ(memory.Take(std::int64_t{1} << 60), nullptr);
  EXPECT_EQ(memory.Take(0), nullptr);
}

}  // namespace
}  // namespace plgraph
