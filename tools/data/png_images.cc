// A folder of PNG images.
#include <fmt/format.h>

#include <span>
#include <utility>

#include "core/checked_size.h"
#include "core/error.h"
#include "tools/data/labelled_images.h"
#include "tools/data/png_decoder.h"

namespace plgraph {
namespace {

[[noreturn]] void Fail(const std::string& path, const std::string& fault) {
  throw Error(ErrorKind::kRuntime, fmt::format("{}: {}", path, fault));
}

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

// Grey is the luma of Rec. 601, which leaves a grey pixel as it is.
std::uint8_t Grey(std::span<const std::uint8_t> color) {
  return static_cast<std::uint8_t>((299 * color[0] + 587 * color[1] + 114 * color[2] + 500) / 1000);
}

// Adds the pixels of an image channel by channel.
void AddChannels(std::span<const std::uint8_t> colors, std::int64_t channels,
                 std::vector<std::uint8_t>& all) {
  constexpr size_t kColors = 3;
  for (size_t c = 0; c < static_cast<size_t>(channels); ++c) {
    for (size_t i = 0; i < colors.size(); i += kColors) {
      all.push_back(channels == 1 ? Grey(colors.subspan(i, kColors)) : colors[i + c]);
    }
  }
}

}  // namespace

LabelledImages ReadPngFolder(FileSystem& files, const std::string& folder, std::int64_t channels,
                             const ImageCheck& check) {
  const std::vector<PngFile> found = PngList(files).Find(folder);
  LabelledImages result{.count = std::ssize(found),
                        .channels = channels,
                        .pixels = std::vector<std::uint8_t>(),
                        .labels = {},
                        .note = {}};
  auto& all = std::get<std::vector<std::uint8_t>>(result.pixels);
  for (const PngFile& file : found) {
    const std::unique_ptr<ReadableFile> bytes = files.OpenRead(file.path);
    PngDecoder image(*bytes, file.path);
    if (result.height == 0) {
      result.height = image.height();
      result.width = image.width();
      const std::int64_t size = (CheckedSize(result.count) * result.size()).value();
      if (check) check(result, size);
      all.reserve(static_cast<size_t>(size));
    }
    if (image.height() != result.height || image.width() != result.width) {
      Fail(file.path, fmt::format("has {} x {} pixels, but {} has {} x {}; expected images of one size",
                                  image.width(), image.height(), found[0].path, result.width, result.height));
    }
    AddChannels(image.ReadColors(), channels, all);
    result.labels.push_back(file.label);
  }
  GuessWhite(folder, "", result);
  return result;
}

}  // namespace plgraph
