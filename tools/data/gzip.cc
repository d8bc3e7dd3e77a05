#include "tools/data/gzip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

#include "core/error.h"

namespace plgraph {
namespace {

constexpr size_t kPiece = size_t{1} << 20;

// A stream of zlib, ended with its scope.
class Inflation {
 public:
  explicit Inflation(std::span<const std::byte> packed) : rest_(packed) {
    constexpr int kOnlyGzip = 16;
    PLGRAPH_CHECK(inflateInit2(&stream_, MAX_WBITS + kOnlyGzip) == Z_OK, "zlib does not start");
  }
  ~Inflation() { inflateEnd(&stream_); }
  Inflation(const Inflation&) = delete;
  Inflation& operator=(const Inflation&) = delete;

  // Fills `out` as far as there is something; zlib's answer. `got` grows by what was written.
  int Next(std::span<std::byte> out, size_t& got) {
    const size_t in = std::min(rest_.size(), kPiece);
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(rest_.data()));
    stream_.avail_in = static_cast<uInt>(in);
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    const int result = inflate(&stream_, Z_NO_FLUSH);
    rest_ = rest_.subspan(in - stream_.avail_in);
    got += out.size() - stream_.avail_out;
    return result;
  }
  size_t left() const { return rest_.size(); }

 private:
  z_stream stream_ = {};
  std::span<const std::byte> rest_;
};

}  // namespace

bool IsGzip(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x1F} && bytes[1] == std::byte{0x8B};
}

std::vector<std::byte> GunzipFirst(std::span<const std::byte> bytes, std::int64_t most,
                                   const std::string& path) {
  Inflation inflation(bytes);
  std::vector<std::byte> out;
  size_t got = 0;
  while (got < static_cast<size_t>(most)) {
    out.resize(std::min(static_cast<size_t>(most), got + kPiece));
    const int result = inflation.Next(std::span(out).subspan(got), got);
    if (result == Z_STREAM_END) {
      if (inflation.left() > 0) {
        throw Error(ErrorKind::kRuntime,
                    fmt::format("{}: {} bytes follow the end of what gzip packed; expected none", path,
                                inflation.left()));
      }
      break;
    }
    if (result == Z_OK) continue;
    const bool cut = result == Z_BUF_ERROR;
    throw Error(ErrorKind::kRuntime,
                fmt::format("{}: the gzip file is {} after {} unpacked bytes; fetch it again", path,
                            cut ? "cut" : "damaged", got));
  }
  out.resize(got);
  return out;
}

}  // namespace plgraph
