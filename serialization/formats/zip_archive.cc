// Reading zip archives: the directory at once, the members in pieces.
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "serialization/formats/zip.h"
#include "serialization/formats/zip_records.h"

namespace plgraph {
namespace {

constexpr std::uint32_t kEnd64Mark = 0x06064b50;
constexpr std::uint32_t kEnd64LocatorMark = 0x07064b50;
constexpr std::uint64_t kLocalSize = 30;
constexpr std::uint64_t kDirectorySize = 46;
constexpr std::uint64_t kEndSize = 22;
constexpr std::uint64_t kEnd64LocatorSize = 20;
constexpr std::uint64_t kEnd64Size = 56;
constexpr std::uint64_t kLongestComment = 65535;
constexpr std::uint64_t kMostInflation = 1032;  // deflate's best: 258 bytes from two bits
constexpr size_t kPiece = size_t{256} << 10;

[[noreturn]] void Fail(const std::string& path, const std::string& fault) {
  throw Error(ErrorKind::kRuntime, fmt::format("{}: {}", path, fault));
}

// The directory of an archive, which lies at its end. Places are those in the file.
class DirectoryReader {
 public:
  DirectoryReader(ReadableFile& file, const std::string& path)
      : file_(file), path_(path), size_(static_cast<std::uint64_t>(file.size())) {
    constexpr std::uint64_t kLongestEnd = kEnd64Size + kEnd64LocatorSize + kEndSize + kLongestComment;
    LoadFrom(size_ - std::min(size_, kLongestEnd));
  }

  std::vector<ZipEntry> Read() {
    const std::uint64_t end = FindEnd();
    std::uint64_t count = At<std::uint16_t>(end + 10);
    std::uint64_t at = At<std::uint32_t>(end + 16);
    if ((count == 0xFFFF || at == kZipSee64) && end >= kEnd64LocatorSize &&
        At<std::uint32_t>(end - kEnd64LocatorSize) == kEnd64LocatorMark) {
      const auto end64 = At<std::uint64_t>(end - kEnd64LocatorSize + 8);
      Expect(end64, kEnd64Size);
      if (At<std::uint32_t>(end64) != kEnd64Mark) Fail(path_, "the zip archive's directory is damaged");
      count = At<std::uint64_t>(end64 + 32);
      at = At<std::uint64_t>(end64 + 48);
    }
    if (count > 0) LoadFrom(std::min(at, size_));
    std::vector<ZipEntry> entries;
    for (std::uint64_t i = 0; i < count; ++i) entries.push_back(ReadEntry(at));
    return entries;
  }

 private:
  // Has the file's bytes from here on in memory.
  void LoadFrom(std::uint64_t begin) {
    if (begin >= begin_ && !bytes_.empty()) return;
    begin_ = begin;
    bytes_.resize(size_ - begin);
    file_.ReadAt(static_cast<std::int64_t>(begin), bytes_);
  }

  void Expect(std::uint64_t offset, std::uint64_t size) {
    if (offset <= size_ && size <= size_ - offset) return LoadFrom(offset);
    Fail(path_,
         fmt::format("the zip archive's directory is cut: expected {} bytes from {} on, the file has {}",
                     size, offset, size_));
  }

  template <typename T>
  T At(std::uint64_t offset) {
    Expect(offset, sizeof(T));
    T value{};
    std::memcpy(&value, bytes_.data() + (offset - begin_), sizeof(T));
    return value;
  }

  // The end record is the last thing in the file, behind which only a comment may stand.
  std::uint64_t FindEnd() {
    if (size_ >= kEndSize) {
      const std::uint64_t last = size_ - kEndSize;
      for (std::uint64_t at = last; last - at <= kLongestComment; --at) {
        if (At<std::uint32_t>(at) == kZipEndMark && At<std::uint16_t>(at + 20) == last - at) return at;
        if (at == 0) break;
      }
    }
    Fail(path_, "not a zip archive (.npz), or cut: there is no directory at its end");
  }

  // Goes on behind the entry.
  ZipEntry ReadEntry(std::uint64_t& at) {
    Expect(at, kDirectorySize);
    if (At<std::uint32_t>(at) != kZipDirectoryMark) Fail(path_, "the zip archive's directory is damaged");
    ZipEntry entry{.name = {},
                   .flags = At<std::uint16_t>(at + 8),
                   .method = At<std::uint16_t>(at + 10),
                   .crc = At<std::uint32_t>(at + 16),
                   .packed = At<std::uint32_t>(at + 20),
                   .size = At<std::uint32_t>(at + 24),
                   .local_at = At<std::uint32_t>(at + 42)};
    const auto name_size = At<std::uint16_t>(at + 28);
    const auto extra_size = At<std::uint16_t>(at + 30);
    const auto comment_size = At<std::uint16_t>(at + 32);
    at += kDirectorySize;
    Expect(at, name_size);
    entry.name.assign(reinterpret_cast<const char*>(bytes_.data() + (at - begin_)), name_size);
    at += name_size;
    Read64(entry, at, extra_size);
    at += std::uint64_t{extra_size} + comment_size;
    return entry;
  }

  // The extra field 1 holds, in this order, those of the numbers that did not fit in 32 bits.
  void Read64(ZipEntry& entry, std::uint64_t at, std::uint16_t size) {
    const std::uint64_t end = at + size;
    while (at + 4 <= end) {
      const auto id = At<std::uint16_t>(at);
      const std::uint64_t next = at + 4 + At<std::uint16_t>(at + 2);
      at += 4;
      for (std::uint64_t* number : {&entry.size, &entry.packed, &entry.local_at}) {
        if (id != 1 || *number != kZipSee64 || at + 8 > std::min(next, end)) continue;
        *number = At<std::uint64_t>(at);
        at += 8;
      }
      at = next;
    }
  }

  ReadableFile& file_;
  const std::string& path_;
  std::uint64_t size_;
  std::uint64_t begin_ = 0;
  std::vector<std::byte> bytes_;  // of the file, from begin_ on
};

// A member's bytes, whose checksum is compared behind the last of them.
class MemberStream : public ByteStream {
 public:
  MemberStream(FileRange packed, const ZipEntry& entry, std::string where)
      : packed_(packed), size_(entry.size), crc_(entry.crc), where_(std::move(where)) {}

  size_t Read(std::span<std::byte> out) final {
    const std::span<std::byte> part =
        out.first(static_cast<size_t>(std::min<std::uint64_t>(out.size(), size_ - done_)));
    Fill(part);
    found_ =
        static_cast<std::uint32_t>(crc32_z(found_, reinterpret_cast<const Bytef*>(part.data()), part.size()));
    done_ += part.size();
    if (done_ == size_ && !checked_) Check();
    return part.size();
  }

 protected:
  // All of them.
  virtual void Fill(std::span<std::byte> out) = 0;
  // Whether nothing is left behind the last byte.
  virtual bool AtEnd() = 0;
  FileRange& packed() { return packed_; }
  const std::string& where() const { return where_; }

 private:
  void Check() {
    checked_ = true;
    if (!AtEnd()) Fail(where_, "is damaged: it cannot be inflated to its size");
    if (found_ == crc_) return;
    Fail(where_, fmt::format("is damaged: it has checksum {:08x}, expected {:08x}", found_, crc_));
  }
  [[noreturn]] static void Fail(const std::string& where, const std::string& fault) {
    throw Error(ErrorKind::kRuntime, where + " " + fault);
  }

  FileRange packed_;
  std::uint64_t size_;
  std::uint32_t crc_;
  std::string where_;
  std::uint64_t done_ = 0;
  std::uint32_t found_ = 0;
  bool checked_ = false;
};

class StoredStream : public MemberStream {
 public:
  using MemberStream::MemberStream;

 private:
  void Fill(std::span<std::byte> out) override { packed().Read(out); }
  bool AtEnd() override { return true; }
};

class DeflatedStream : public MemberStream {
 public:
  DeflatedStream(FileRange packed, const ZipEntry& entry, std::string where)
      : MemberStream(packed, entry, std::move(where)), input_(kPiece) {
    PLGRAPH_CHECK(inflateInit2(&stream_, -MAX_WBITS) == Z_OK, "zlib does not start");
  }
  ~DeflatedStream() override { inflateEnd(&stream_); }
  DeflatedStream(const DeflatedStream&) = delete;
  DeflatedStream& operator=(const DeflatedStream&) = delete;

 private:
  void Fill(std::span<std::byte> out) override {
    while (!out.empty()) {
      const size_t got = Inflate(out);
      if (got == 0)
        throw Error(ErrorKind::kRuntime, where() + " is damaged: it cannot be inflated to its size");
      out = out.subspan(got);
    }
  }

  bool AtEnd() override {
    std::byte more{};
    if (!ended_ && Inflate(std::span(&more, 1)) > 0) return false;
    return ended_ && stream_.avail_in == 0 && packed().Read(std::span(&more, 1)) == 0;
  }

  // The next bytes, as many as there are at once; 0: there are no more, or they are damaged.
  size_t Inflate(std::span<std::byte> out) {
    constexpr size_t kMost = size_t{1} << 30;  // zlib counts in 32 bits
    const auto wanted = static_cast<uInt>(std::min(out.size(), kMost));
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = wanted;
    while (!ended_ && stream_.avail_out == wanted) {
      if (stream_.avail_in == 0) {
        stream_.avail_in = static_cast<uInt>(packed().Read(input_));
        stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
      }
      const int result = inflate(&stream_, Z_NO_FLUSH);
      ended_ = result == Z_STREAM_END;
      if (!ended_ && result != Z_OK) break;
    }
    return wanted - stream_.avail_out;
  }

  z_stream stream_ = {};
  std::vector<std::byte> input_;
  bool ended_ = false;
};

}  // namespace

ZipArchive::ZipArchive(ReadableFile& file, const std::string& path)
    : file_(file), path_(path), entries_(DirectoryReader(file, path_).Read()) {
  std::uint64_t packed = 0;
  for (const ZipEntry& entry : entries_) {
    // Members that lie upon each other would make more than the file can hold.
    const auto size = static_cast<std::uint64_t>(file.size());
    if (entry.packed > size || (packed += entry.packed) > size) {
      Fail(path_, "its members take more bytes than the file has");
    }
  }
}

std::unique_ptr<ByteStream> ZipArchive::Open(const ZipEntry& entry) const {
  const std::string where = fmt::format("{}: member \"{}\"", path_, entry.name);
  const auto fail = [&](const std::string& fault) { throw Error(ErrorKind::kRuntime, where + " " + fault); };
  if ((entry.flags & 1) != 0) fail("is encrypted");
  const auto file_size = static_cast<std::uint64_t>(file_.size());
  const auto expect = [&](std::uint64_t at, std::uint64_t size) {
    if (at <= file_size && size <= file_size - at) return;
    fail(fmt::format("is cut: expected {} bytes from {} on, the file has {}", size, at, file_size));
  };
  expect(entry.local_at, kLocalSize);
  std::byte local[kLocalSize];
  file_.ReadAt(static_cast<std::int64_t>(entry.local_at), local);
  std::uint32_t mark = 0;
  std::uint16_t lengths[2] = {};  // of the name and of the extra field
  std::memcpy(&mark, local, sizeof(mark));
  std::memcpy(lengths, local + 26, sizeof(lengths));
  if (mark != kZipLocalMark) fail("does not begin where the directory says");
  const std::uint64_t data_at = entry.local_at + kLocalSize + lengths[0] + lengths[1];
  expect(data_at, entry.packed);
  const FileRange packed(file_, static_cast<std::int64_t>(data_at), static_cast<std::int64_t>(entry.packed));
  if (entry.method == kZipStored) {
    if (entry.size != entry.packed) {
      fail(fmt::format("is stored in {} bytes but is said to have {}", entry.packed, entry.size));
    }
    return std::make_unique<StoredStream>(packed, entry, where);
  }
  if (entry.method != kZipDeflated) {
    fail(fmt::format("is packed by method {}; expected 0 (stored) or 8 (deflated)", entry.method));
  }
  if (entry.size / kMostInflation > entry.packed) {
    fail(fmt::format("is said to have {} bytes, more than its {} packed bytes can hold", entry.size,
                     entry.packed));
  }
  return std::make_unique<DeflatedStream>(packed, entry, where);
}

}  // namespace plgraph
