#ifndef PLGRAPH_SERIALIZATION_FORMATS_PNG_WRITER_H_
#define PLGRAPH_SERIALIZATION_FORMATS_PNG_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace plgraph {

/// A picture in colours, row by row from the top, three bytes per pixel: red, green, blue.
struct RgbImage {
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::vector<std::uint8_t> bytes = {};
};

/// The bytes of a PNG file. The same picture gives the same bytes. Throws Error(kRuntime) for a picture that the
/// format cannot hold.
std::vector<std::byte> EncodePng(const RgbImage& image);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_FORMATS_PNG_WRITER_H_
