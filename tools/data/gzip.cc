#include "tools/data/gzip.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace plgraph {
namespace {

constexpr size_t kPiece = size_t{256} << 10;

}  // namespace

bool IsGzip(ReadableFile& file) {
  std::byte start[2] = {};
  if (file.size() < 2) return false;
  file.ReadAt(0, start);
  return start[0] == std::byte{0x1F} && start[1] == std::byte{0x8B};
}

GzipStream::GzipStream(ReadableFile& file, std::string path)
    : packed_(file, 0, file.size()), left_(file.size()), path_(std::move(path)), input_(kPiece) {
  constexpr int kOnlyGzip = 16;
  PLGRAPH_CHECK(inflateInit2(&stream_, MAX_WBITS + kOnlyGzip) == Z_OK, "zlib does not start");
}

GzipStream::~GzipStream() { inflateEnd(&stream_); }

size_t GzipStream::Read(std::span<std::byte> out) {
  constexpr size_t kMost = size_t{1} << 30;  // zlib counts in 32 bits
  size_t size = 0;
  while (size < out.size() && !ended_) {
    if (stream_.avail_in == 0) {
      const size_t in = packed_.Read(input_);
      left_ -= static_cast<std::int64_t>(in);
      stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
      stream_.avail_in = static_cast<uInt>(in);
    }
    const auto room = static_cast<uInt>(std::min(out.size() - size, kMost));
    stream_.next_out = reinterpret_cast<Bytef*>(out.data() + size);
    stream_.avail_out = room;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    size += room - stream_.avail_out;
    got_ += room - stream_.avail_out;
    ended_ = result == Z_STREAM_END;
    if (ended_ || result == Z_OK) continue;
    throw Error(ErrorKind::kRuntime,
                fmt::format("{}: the gzip file is {} after {} unpacked bytes; fetch it again", path_,
                            result == Z_BUF_ERROR ? "cut" : "damaged", got_));
  }
  if (ended_ && left_ + stream_.avail_in > 0) {
    throw Error(ErrorKind::kRuntime,
                fmt::format("{}: {} bytes follow the end of what gzip packed; expected none", path_,
                            left_ + stream_.avail_in));
  }
  return size;
}

}  // namespace plgraph
