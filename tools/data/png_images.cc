// A folder of PNG images, read with the simplified interface of libpng, which reports every fault as text.
#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "tools/data/labelled_images.h"

namespace plgraph {
namespace {

[[noreturn]] void Fail(const std::string& path, const std::string& fault) {
  throw Error(ErrorKind::kRuntime, fmt::format("{}: {}", path, fault));
}

// What libpng keeps of one image, freed with its scope.
class PngImage {
 public:
  PngImage(std::vector<std::byte> bytes, const std::string& path) : bytes_(std::move(bytes)), path_(path) {
    image_.version = PNG_IMAGE_VERSION;
    if (png_image_begin_read_from_memory(&image_, bytes_.data(), bytes_.size()) == 0) FailHere();
    // Deflate packs at most 1032 to 1, and a pixel has a bit at least: more is a lie, and no memory is taken for it.
    constexpr std::uint64_t kMostPixelsInAByte = 8 * 1032;
    constexpr std::uint64_t kMostPixels = std::uint64_t{1} << 26;
    const std::uint64_t pixels = std::uint64_t{image_.width} * image_.height;
    const std::uint64_t most = std::min(kMostPixels, bytes_.size() * kMostPixelsInAByte);
    if (pixels > most) {
      png_image_free(&image_);
      Fail(path_, fmt::format("is said to have {} x {} pixels; expected at most {} of a file of {} bytes",
                              image_.width, image_.height, most, bytes_.size()));
    }
  }
  ~PngImage() { png_image_free(&image_); }
  PngImage(const PngImage&) = delete;
  PngImage& operator=(const PngImage&) = delete;

  std::int64_t width() const { return image_.width; }
  std::int64_t height() const { return image_.height; }

  // Pixel by pixel, its channels side by side. What is transparent becomes black.
  std::vector<std::uint8_t> Read(std::int64_t channels) {
    image_.format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
    image_.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
    std::vector<std::uint8_t> pixels(PNG_IMAGE_SIZE(image_));
    constexpr png_color kBlack = {0, 0, 0};
    if (png_image_finish_read(&image_, &kBlack, pixels.data(), 0, nullptr) == 0) FailHere();
    return pixels;
  }

 private:
  [[noreturn]] void FailHere() {
    const std::string reason = image_.message;
    png_image_free(&image_);
    Fail(path_, fmt::format("not a whole PNG image: {}", reason));
  }

  png_image image_ = {};
  std::vector<std::byte> bytes_;  // libpng reads on in them until the pixels are read
  std::string path_;
};

struct PngFile {
  std::string path;
  std::int32_t label;
};

// The images in the folders below one, class by class.
class PngList {
 public:
  explicit PngList(FileSystem& files) : files_(files) {}

  std::vector<PngFile> Find(const std::string& folder) {
    for (const std::string& name : files_.List(folder)) {
      if (name.starts_with('.')) continue;
      if (!name.ends_with('/')) {
        Fail(folder + "/" + name, fmt::format("expected only folders in {}, one for each class", folder));
      }
      AddFolder(folder + "/" + name, 1);
    }
    if (found_.empty())
      Fail(folder, "holds no PNG image; expected a folder for each class, with images in it");
    return std::move(found_);
  }

 private:
  // `folder` ends in "/".
  void AddFolder(const std::string& folder, int depth) {
    constexpr int kDeepest = 8;  // a link may lead in a circle
    if (depth > kDeepest) Fail(folder, fmt::format("expected at most {} folders in each other", kDeepest));
    const size_t before = found_.size();
    std::vector<std::string> inner;
    for (const std::string& name : files_.List(folder)) {
      if (name.starts_with('.')) continue;
      if (name.ends_with('/')) {
        inner.push_back(name);
      } else if (name.ends_with(".png") || name.ends_with(".PNG")) {
        found_.push_back({folder + name, classes_});
      } else {
        Fail(folder + name, "expected only names that end in .png");
      }
    }
    if (found_.size() > before) ++classes_;
    for (const std::string& name : inner) AddFolder(folder + name, depth + 1);
  }

  FileSystem& files_;
  std::vector<PngFile> found_;
  std::int32_t classes_ = 0;
};

}  // namespace

LabelledImages ReadPngFolder(FileSystem& files, const std::string& folder, std::int64_t channels) {
  LabelledImages result{.channels = channels, .pixels = std::vector<std::uint8_t>(), .labels = {}};
  auto& all = std::get<std::vector<std::uint8_t>>(result.pixels);
  const std::vector<PngFile> found = PngList(files).Find(folder);
  for (const PngFile& file : found) {
    PngImage image(files.Read(file.path), file.path);
    if (result.count == 0) {
      result.height = image.height();
      result.width = image.width();
    }
    if (image.height() != result.height || image.width() != result.width) {
      Fail(file.path, fmt::format("has {} x {} pixels, but {} has {} x {}; expected images of one size",
                                  image.width(), image.height(), found[0].path, result.width, result.height));
    }
    const std::vector<std::uint8_t> pixels = image.Read(channels);
    for (std::int64_t c = 0; c < channels; ++c) {
      for (size_t i = static_cast<size_t>(c); i < pixels.size(); i += static_cast<size_t>(channels)) {
        all.push_back(pixels[i]);
      }
    }
    result.labels.push_back(file.label);
    ++result.count;
  }
  return result;
}

}  // namespace plgraph
