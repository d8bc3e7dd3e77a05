#ifndef PLGRAPH_SERIALIZATION_FORMATS_ZIP_H_
#define PLGRAPH_SERIALIZATION_FORMATS_ZIP_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/byte_stream.h"
#include "core/file_system.h"

namespace plgraph {

/// A file that goes into a zip archive.
struct ZipMember {
  std::string name;
  std::vector<std::byte> bytes;
};

/// What the directory of a zip archive tells of a member.
struct ZipEntry {
  std::string name;
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
  std::uint32_t crc = 0;
  std::uint64_t packed = 0;
  std::uint64_t size = 0;  ///< unpacked
  std::uint64_t local_at = 0;
};

/// A zip archive (PKWARE's APPNOTE 6.3; stored or deflated, with the 64-bit fields) that is read member by member, in
/// pieces. Sizes and checksums are verified; damage, encryption and other methods throw Error(kRuntime) with the path
/// and the member.
class ZipArchive {
 public:
  /// Reads the directory. The file must outlive this.
  ZipArchive(ReadableFile& file, const std::string& path);

  /// In the order of the directory.
  const std::vector<ZipEntry>& entries() const { return entries_; }
  /// The unpacked bytes of a member: as many as its size says. The checksum is compared when the last one is read. The
  /// archive must outlive the stream.
  std::unique_ptr<ByteStream> Open(const ZipEntry& entry) const;

 private:
  ReadableFile& file_;
  std::string path_;
  std::vector<ZipEntry> entries_;
};

/// Every member has the date 1980-01-01, so that the same members give the same bytes.
std::vector<std::byte> MakeZip(const std::vector<ZipMember>& members, bool deflate);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_FORMATS_ZIP_H_
