#include "serialization/zip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

#include "core/error.h"

namespace plgraph {
namespace {

// The records of a zip file. They are little-endian, as this machine is (npy.cc asserts it).
constexpr std::uint32_t kLocalMark = 0x04034b50;
constexpr std::uint32_t kDirectoryMark = 0x02014b50;
constexpr std::uint32_t kEndMark = 0x06054b50;
constexpr std::uint32_t kEnd64Mark = 0x06064b50;
constexpr std::uint32_t kEnd64LocatorMark = 0x07064b50;
constexpr size_t kLocalSize = 30;
constexpr size_t kDirectorySize = 46;
constexpr size_t kEndSize = 22;
constexpr size_t kEnd64LocatorSize = 20;
constexpr size_t kEnd64Size = 56;
constexpr size_t kLongestComment = 65535;
constexpr std::uint32_t kSee64 = 0xFFFFFFFF;  // "the number is in the 64-bit extra field"
constexpr std::uint16_t kStored = 0;
constexpr std::uint16_t kDeflated = 8;
constexpr std::uint64_t kMostInflation = 1032;  // deflate's best: 258 bytes from two bits
constexpr size_t kPiece = size_t{1} << 30;      // zlib counts in 32 bits

struct DirectoryEntry {
  std::string name;
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
  std::uint32_t crc = 0;
  std::uint64_t packed = 0;
  std::uint64_t size = 0;
  std::uint64_t local_at = 0;
};

class ZipReader {
 public:
  ZipReader(std::span<const std::byte> bytes, const std::string& path) : bytes_(bytes), path_(path) {}

  std::vector<ZipMember> Read() {
    std::vector<ZipMember> members;
    std::uint64_t packed = 0;
    for (const DirectoryEntry& entry : ReadDirectory()) {
      packed += entry.packed;
      // Members that lie upon each other would make more than the file can hold.
      if (packed > bytes_.size()) Fail("its members take more bytes than the file has");
      members.push_back({entry.name, ReadMember(entry)});
    }
    return members;
  }

 private:
  [[noreturn]] void Fail(const std::string& fault) const {
    throw Error(ErrorKind::kRuntime, fmt::format("{}: {}", path_, fault));
  }

  template <typename T>
  T At(std::uint64_t offset) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) {
      Fail(fmt::format("the zip archive is cut: expected at least {} bytes, found {}", offset + sizeof(T),
                       bytes_.size()));
    }
    T value{};
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }

  std::span<const std::byte> Piece(std::uint64_t offset, std::uint64_t size, const std::string& what) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset) {
      Fail(fmt::format("{} is cut: expected {} bytes from {} on, the file has {}", what, size, offset,
                       bytes_.size()));
    }
    return bytes_.subspan(offset, size);
  }

  // The end record is the last thing in the file, behind which only a comment may stand.
  std::uint64_t FindEnd() const {
    if (bytes_.size() >= kEndSize) {
      const std::uint64_t last = bytes_.size() - kEndSize;
      for (std::uint64_t at = last; last - at <= kLongestComment; --at) {
        if (At<std::uint32_t>(at) == kEndMark && At<std::uint16_t>(at + 20) == last - at) return at;
        if (at == 0) break;
      }
    }
    Fail("not a zip archive (.npz), or cut: there is no directory at its end");
  }

  std::vector<DirectoryEntry> ReadDirectory() const {
    const std::uint64_t end = FindEnd();
    std::uint64_t count = At<std::uint16_t>(end + 10);
    std::uint64_t at = At<std::uint32_t>(end + 16);
    if ((count == 0xFFFF || at == kSee64) && end >= kEnd64LocatorSize &&
        At<std::uint32_t>(end - kEnd64LocatorSize) == kEnd64LocatorMark) {
      const auto end64 = At<std::uint64_t>(end - kEnd64LocatorSize + 8);
      Piece(end64, kEnd64Size, "the zip archive's directory");
      if (At<std::uint32_t>(end64) != kEnd64Mark) Fail("the zip archive's directory is damaged");
      count = At<std::uint64_t>(end64 + 32);
      at = At<std::uint64_t>(end64 + 48);
    }
    std::vector<DirectoryEntry> entries;
    for (std::uint64_t i = 0; i < count; ++i) entries.push_back(ReadEntry(at));
    return entries;
  }

  // Goes on behind the entry.
  DirectoryEntry ReadEntry(std::uint64_t& at) const {
    Piece(at, kDirectorySize, "the zip archive's directory");
    if (At<std::uint32_t>(at) != kDirectoryMark) Fail("the zip archive's directory is damaged");
    DirectoryEntry entry{.name = {},
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
    const auto name = Piece(at, name_size, "the zip archive's directory");
    entry.name.assign(reinterpret_cast<const char*>(name.data()), name.size());
    at += name_size;
    Read64(entry, at, extra_size);
    at += std::uint64_t{extra_size} + comment_size;
    return entry;
  }

  // The extra field 1 holds, in this order, those of the numbers that did not fit in 32 bits.
  void Read64(DirectoryEntry& entry, std::uint64_t at, std::uint16_t size) const {
    const std::uint64_t end = at + size;
    while (at + 4 <= end) {
      const auto id = At<std::uint16_t>(at);
      const std::uint64_t next = at + 4 + At<std::uint16_t>(at + 2);
      at += 4;
      for (std::uint64_t* number : {&entry.size, &entry.packed, &entry.local_at}) {
        if (id != 1 || *number != kSee64 || at + 8 > std::min(next, end)) continue;
        *number = At<std::uint64_t>(at);
        at += 8;
      }
      at = next;
    }
  }

  std::vector<std::byte> ReadMember(const DirectoryEntry& entry) const {
    const std::string what = fmt::format("member \"{}\"", entry.name);
    if ((entry.flags & 1) != 0) Fail(what + " is encrypted");
    Piece(entry.local_at, kLocalSize, what);
    if (At<std::uint32_t>(entry.local_at) != kLocalMark)
      Fail(what + " does not begin where the directory says");
    const std::uint64_t data_at = entry.local_at + kLocalSize + At<std::uint16_t>(entry.local_at + 26) +
                                  At<std::uint16_t>(entry.local_at + 28);
    const std::span<const std::byte> packed = Piece(data_at, entry.packed, what);
    std::vector<std::byte> bytes;
    if (entry.method == kStored) {
      if (entry.size != entry.packed) {
        Fail(fmt::format("{} is stored in {} bytes but is said to have {}", what, entry.packed, entry.size));
      }
      bytes.assign(packed.begin(), packed.end());
    } else if (entry.method == kDeflated) {
      bytes = Inflated(packed, entry.size, what);
    } else {
      Fail(fmt::format("{} is packed by method {}; expected 0 (stored) or 8 (deflated)", what, entry.method));
    }
    const auto crc =
        static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
    if (crc != entry.crc) {
      Fail(fmt::format("{} is damaged: it has checksum {:08x}, expected {:08x}", what, crc, entry.crc));
    }
    return bytes;
  }

  std::vector<std::byte> Inflated(std::span<const std::byte> packed, std::uint64_t size,
                                  const std::string& what) const {
    if (size / kMostInflation > packed.size()) {
      Fail(fmt::format("{} is said to have {} bytes, more than its {} packed bytes can hold", what, size,
                       packed.size()));
    }
    std::vector<std::byte> bytes(size);
    z_stream stream = {};
    PLGRAPH_CHECK(inflateInit2(&stream, -MAX_WBITS) == Z_OK, "zlib does not start");
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));
    stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
    size_t left_in = packed.size();
    size_t left_out = bytes.size();
    int result = Z_OK;
    while (result == Z_OK) {
      const auto in = static_cast<uInt>(std::min(left_in, kPiece));
      const auto out = static_cast<uInt>(std::min(left_out, kPiece));
      stream.avail_in = in;
      stream.avail_out = out;
      result = inflate(&stream, Z_NO_FLUSH);
      left_in -= in - stream.avail_in;
      left_out -= out - stream.avail_out;
    }
    inflateEnd(&stream);
    if (result != Z_STREAM_END || left_in > 0 || left_out > 0)
      Fail(what + " is damaged: it cannot be inflated to its size");
    return bytes;
  }

  std::span<const std::byte> bytes_;
  const std::string& path_;
};

class ZipWriter {
 public:
  explicit ZipWriter(bool deflate) : deflate_(deflate) {}

  void Add(const ZipMember& member) {
    std::vector<std::byte> packed = deflate_ ? Deflated(member.bytes) : member.bytes;
    const Entry entry{.name = member.name,
                      .crc = static_cast<std::uint32_t>(crc32_z(
                          0, reinterpret_cast<const Bytef*>(member.bytes.data()), member.bytes.size())),
                      .packed = packed.size(),
                      .size = member.bytes.size(),
                      .local_at = bytes_.size()};
    Put(kLocalMark);
    PutCommon(entry);
    PutText(entry.name);
    bytes_.insert(bytes_.end(), packed.begin(), packed.end());
    entries_.push_back(entry);
  }

  std::vector<std::byte> Finish() {
    const size_t directory_at = bytes_.size();
    for (const Entry& entry : entries_) {
      Put(kDirectoryMark);
      Put(std::uint16_t{20});  // made by version 2.0
      PutCommon(entry);
      for (int i = 0; i < 3; ++i) Put(std::uint16_t{0});  // no comment, first disk, inner attributes
      Put(std::uint32_t{0});                              // outer attributes
      Put(Narrow(entry.local_at));
      PutText(entry.name);
    }
    const size_t directory_size = bytes_.size() - directory_at;
    Put(kEndMark);
    Put(std::uint32_t{0});  // of one disk
    for (int i = 0; i < 2; ++i) Put(static_cast<std::uint16_t>(entries_.size()));
    Put(Narrow(directory_size));
    Put(Narrow(directory_at));
    Put(std::uint16_t{0});  // no comment
    return std::move(bytes_);
  }

 private:
  struct Entry {
    std::string name;
    std::uint32_t crc;
    size_t packed;
    size_t size;
    size_t local_at;
  };

  // From "version needed" to the length of the extra field: the same in both records of a member.
  void PutCommon(const Entry& entry) {
    constexpr std::uint16_t kUtf8 = 0x0800;
    constexpr std::uint16_t kFirstDay = 0x0021;  // 1980-01-01
    Put(std::uint16_t{20});
    Put(kUtf8);
    Put(deflate_ ? kDeflated : kStored);
    Put(std::uint16_t{0});
    Put(kFirstDay);
    Put(entry.crc);
    Put(Narrow(entry.packed));
    Put(Narrow(entry.size));
    Put(static_cast<std::uint16_t>(entry.name.size()));
    Put(std::uint16_t{0});
  }

  template <typename T>
  void Put(T value) {
    const auto* begin = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), begin, begin + sizeof(T));
  }

  void PutText(const std::string& text) {
    const auto* begin = reinterpret_cast<const std::byte*>(text.data());
    bytes_.insert(bytes_.end(), begin, begin + text.size());
  }

  static std::uint32_t Narrow(size_t number) {
    if (number < kSee64) return static_cast<std::uint32_t>(number);
    throw Error(ErrorKind::kInvalid,
                "an archive (.npz) of over 4 GiB is not written; write .npy files instead");
  }

  static std::vector<std::byte> Deflated(const std::vector<std::byte>& bytes) {
    z_stream stream = {};
    PLGRAPH_CHECK(
        deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK,
        "zlib does not start");
    Narrow(bytes.size());
    std::vector<std::byte> packed(deflateBound(&stream, bytes.size()));
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    const int result = deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    PLGRAPH_CHECK(result == Z_STREAM_END, "zlib's bound was too small");
    return packed;
  }

  bool deflate_;
  std::vector<std::byte> bytes_;
  std::vector<Entry> entries_;
};

}  // namespace

std::vector<ZipMember> ReadZip(std::span<const std::byte> bytes, const std::string& path) {
  return ZipReader(bytes, path).Read();
}

std::vector<std::byte> MakeZip(const std::vector<ZipMember>& members, bool deflate) {
  if (members.size() >= std::numeric_limits<std::uint16_t>::max()) {
    throw Error(ErrorKind::kInvalid,
                fmt::format("an archive (.npz) has at most 65534 members, not {}", members.size()));
  }
  ZipWriter writer(deflate);
  for (const ZipMember& member : members) writer.Add(member);
  return writer.Finish();
}

}  // namespace plgraph
