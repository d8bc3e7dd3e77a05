#include "tools/data/png_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <utility>

#include "core/error.h"

namespace plgraph {

PngDecoder::PngDecoder(ReadableFile& file, std::string path)
    : rest_(file, 0, file.size()), path_(std::move(path)) {
  state_.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, OnError, OnWarning);
  state_.info = state_.png == nullptr ? nullptr : png_create_info_struct(state_.png);
  if (state_.info == nullptr || !ReadHeader()) Fail();
  // Deflate packs at most 1032 to 1, and a pixel has a bit at least: more is a lie, and no memory is taken for it.
  constexpr std::uint64_t kMostPixelsInAByte = 8 * 1032;
  constexpr std::uint64_t kMostPixels = std::uint64_t{1} << 26;
  const auto size = static_cast<std::uint64_t>(file.size());
  const std::uint64_t most = std::min(kMostPixels, size * kMostPixelsInAByte);
  if (std::uint64_t{width_} * height_ > most) {
    throw Error(ErrorKind::kRuntime,
                fmt::format("{}: is said to have {} x {} pixels; expected at most {} of a file of {} bytes",
                            path_, width_, height_, most, size));
  }
}

std::vector<std::uint8_t> PngDecoder::ReadColors() {
  constexpr size_t kColors = 3;
  pixels_.resize(kColors * width_ * height_);
  if (!ReadRows()) Fail();
  return std::move(pixels_);
}

void PngDecoder::OnError(png_structp png, png_const_charp message) {
  auto* decoder = static_cast<PngDecoder*>(png_get_error_ptr(png));
  std::strncpy(decoder->fault_, message, sizeof(decoder->fault_) - 1);
  png_longjmp(png, 1);
}

// Nothing may be thrown through libpng.
void PngDecoder::OnRead(png_structp png, png_bytep out, std::size_t size) {
  FileRange& rest = static_cast<PngDecoder*>(png_get_io_ptr(png))->rest_;
  bool whole = false;
  try {
    whole = rest.Read({reinterpret_cast<std::byte*>(out), size}) == size;
  } catch (const Error&) {
    whole = false;  // the file has become shorter meanwhile
  }
  if (!whole) png_error(png, "the file is cut");
}

bool PngDecoder::ReadHeader() {
  if (setjmp(png_jmpbuf(state_.png)) != 0) return false;
  png_set_read_fn(state_.png, this, OnRead);
  png_read_info(state_.png, state_.info);
  width_ = png_get_image_width(state_.png, state_.info);
  height_ = png_get_image_height(state_.png, state_.info);
  return true;
}

bool PngDecoder::ReadRows() {
  if (setjmp(png_jmpbuf(state_.png)) != 0) return false;
  png_set_expand(state_.png);
  png_set_scale_16(state_.png);
  png_set_strip_alpha(state_.png);
  png_set_gray_to_rgb(state_.png);
  const int passes = png_set_interlace_handling(state_.png);
  png_read_update_info(state_.png, state_.info);
  const size_t row = png_get_rowbytes(state_.png, state_.info);
  if (row * height_ != pixels_.size())
    png_error(state_.png, "its rows have another size than its header says");
  for (int pass = 0; pass < passes; ++pass) {
    for (std::uint32_t y = 0; y < height_; ++y) png_read_row(state_.png, pixels_.data() + y * row, nullptr);
  }
  png_read_end(state_.png, nullptr);
  return true;
}

void PngDecoder::Fail() const {
  throw Error(ErrorKind::kRuntime, fmt::format("{}: not a whole PNG image: {}", path_, fault_));
}

}  // namespace plgraph
