#ifndef PLGRAPH_SERIALIZATION_ZIP_H_
#define PLGRAPH_SERIALIZATION_ZIP_H_

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace plgraph {

/// A file inside a zip archive.
struct ZipMember {
  std::string name;
  std::vector<std::byte> bytes;
};

/// The members of a zip archive (PKWARE's APPNOTE 6.3; stored or deflated, with the 64-bit fields), in the
/// order of its directory. Sizes and checksums are verified; damage, encryption and other methods throw
/// Error(kRuntime) with the path and the member.
std::vector<ZipMember> ReadZip(std::span<const std::byte> bytes, const std::string& path);

/// Every member has the date 1980-01-01, so that the same members give the same bytes.
std::vector<std::byte> MakeZip(const std::vector<ZipMember>& members, bool deflate);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_ZIP_H_
