#ifndef PLGRAPH_TOOLS_DATA_PNG_DECODER_H_
#define PLGRAPH_TOOLS_DATA_PNG_DECODER_H_

#include <png.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/byte_stream.h"

namespace plgraph {

/// One PNG image. Its samples are taken as they are stored: no gamma, no colour profile, no alpha. Samples of 1, 2 and 4
/// bits are spread over 0 to 255, those of 16 bits rounded to 8; an index of a palette becomes its colour.
class PngDecoder {
 public:
  /// Reads the header. The file must outlive it; `path` is for messages. Throws Error(kRuntime).
  PngDecoder(ReadableFile& file, std::string path);
  PngDecoder(const PngDecoder&) = delete;
  PngDecoder& operator=(const PngDecoder&) = delete;

  std::int64_t width() const { return width_; }
  std::int64_t height() const { return height_; }
  /// Red, green and blue of each pixel, line by line. Once.
  std::vector<std::uint8_t> ReadColors();

 private:
  static void OnError(png_structp png, png_const_charp message);
  static void OnWarning(png_structp, png_const_charp) {}
  static void OnRead(png_structp png, png_bytep out, std::size_t size);

  // These come back with false from wherever libpng finds a fault, by a jump: no object may be made in them.
  bool ReadHeader();
  bool ReadRows();
  [[noreturn]] void Fail() const;

  FileRange rest_;
  std::string path_;
  char fault_[200] = "";
  // What libpng keeps, freed with this.
  struct State {
    png_structp png = nullptr;
    png_infop info = nullptr;
    ~State() { png_destroy_read_struct(&png, &info, nullptr); }
  };
  State state_;
  std::uint32_t width_ = 0;
  std::uint32_t height_ = 0;
  std::vector<std::uint8_t> pixels_;
};

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_DATA_PNG_DECODER_H_
