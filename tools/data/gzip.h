#ifndef PLGRAPH_TOOLS_DATA_GZIP_H_
#define PLGRAPH_TOOLS_DATA_GZIP_H_

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/byte_stream.h"
#include "core/file_system.h"

namespace plgraph {

/// Whether a file begins as a gzip file does (RFC 1952).
bool IsGzip(ReadableFile& file);

/// What a gzip file holds, unpacked in pieces. The checksum is verified at the end. Throws Error(kRuntime) with the path
/// when the bytes are cut or damaged.
class GzipStream : public ByteStream {
 public:
  /// The file must outlive it.
  GzipStream(ReadableFile& file, std::string path);
  ~GzipStream() override;
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  std::size_t Read(std::span<std::byte> out) override;

 private:
  FileRange packed_;
  std::int64_t left_;  // of the packed bytes
  std::string path_;
  std::vector<std::byte> input_;
  z_stream stream_ = {};
  std::uint64_t got_ = 0;
  bool ended_ = false;
};

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_DATA_GZIP_H_
