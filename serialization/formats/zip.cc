#include "serialization/formats/zip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <cstdint>
#include <limits>

#include "core/error.h"
#include "serialization/formats/zip_records.h"

namespace plgraph {
namespace {

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
    Put(kZipLocalMark);
    PutCommon(entry);
    PutText(entry.name);
    bytes_.insert(bytes_.end(), packed.begin(), packed.end());
    entries_.push_back(entry);
  }

  std::vector<std::byte> Finish() {
    const size_t directory_at = bytes_.size();
    for (const Entry& entry : entries_) {
      Put(kZipDirectoryMark);
      Put(std::uint16_t{20});  // made by version 2.0
      PutCommon(entry);
      for (int i = 0; i < 3; ++i) Put(std::uint16_t{0});  // no comment, first disk, inner attributes
      Put(std::uint32_t{0});                              // outer attributes
      Put(Narrow(entry.local_at));
      PutText(entry.name);
    }
    const size_t directory_size = bytes_.size() - directory_at;
    Put(kZipEndMark);
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
    Put(deflate_ ? kZipDeflated : kZipStored);
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
    if (number < kZipSee64) return static_cast<std::uint32_t>(number);
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
