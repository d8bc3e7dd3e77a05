#ifndef PLGRAPH_TESTS_SUPPORT_IMAGE_FILES_H_
#define PLGRAPH_TESTS_SUPPORT_IMAGE_FILES_H_

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

namespace plgraph {

/// The four bytes of a number, the highest first.
inline std::string BigEndian(std::uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xFF);
  return bytes;
}

/// An IDX file of bytes.
inline std::string Idx(const std::vector<std::uint32_t>& extents, const std::string& elements) {
  std::string bytes = std::string("\0\0\x08", 3) + static_cast<char>(extents.size());
  for (const std::uint32_t extent : extents) bytes += BigEndian(extent);
  return bytes + elements;
}

/// The text as gzip packs it.
inline std::string Gzip(const std::string& text) {
  constexpr int kGzip = 16 + MAX_WBITS;
  z_stream stream = {};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(text.size() + 100, '\0');
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_SUPPORT_IMAGE_FILES_H_
