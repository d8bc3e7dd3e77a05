#include "serialization/formats/png_writer.h"

#include <fmt/format.h>
#include <png.h>

#include "core/error.h"

namespace plgraph {

std::vector<std::byte> EncodePng(const RgbImage& image) {
  PLGRAPH_CHECK(std::ssize(image.bytes) == image.width * image.height * 3, "a picture of another size");
  png_image png = {};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = 0;
  std::vector<std::byte> bytes;
  // The first call measures, the second writes.
  for (const bool measured : {false, true}) {
    bytes.resize(size);
    if (png_image_write_to_memory(&png, measured ? bytes.data() : nullptr, &size, 0, image.bytes.data(), 0,
                                  nullptr) != 0) {
      continue;
    }
    throw Error(ErrorKind::kRuntime, fmt::format("a picture of {} x {} pixels cannot be written: {}",
                                                 image.width, image.height, png.message));
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace plgraph
