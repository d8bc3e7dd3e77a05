#include "tools/data/labelled_images.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/paths.h"

namespace plgraph {

std::int64_t LabelledImages::bytes() const {
  const size_t pixel_bytes =
      std::visit([](const auto& values) { return values.size() * sizeof(values[0]); }, pixels);
  return static_cast<std::int64_t>(pixel_bytes + labels.size() * sizeof(labels[0]));
}

void LabelledImages::Copy(std::int64_t image, std::span<float> out) const {
  PLGRAPH_CHECK(image >= 0 && image < count && std::ssize(out) == size(), "there is no such image");
  if (const auto* numbers = std::get_if<std::vector<float>>(&pixels)) {
    std::copy_n(numbers->begin() + image * size(), size(), out.begin());
    return;
  }
  const auto& bytes = std::get<std::vector<std::uint8_t>>(pixels);
  std::transform(bytes.begin() + image * size(), bytes.begin() + (image + 1) * size(), out.begin(),
                 [this](std::uint8_t byte) { return static_cast<float>(byte) / white; });
}

void GuessWhite(const std::string& path, std::string_view remedy, LabelledImages& images) {
  const auto& bytes = std::get<std::vector<std::uint8_t>>(images.pixels);
  if (*std::max_element(bytes.begin(), bytes.end()) != 1) return;
  images.white = 1;
  images.note = fmt::format("{}: no pixel is over 1, so 1 is taken as white{}", path, remedy);
}

std::string ImagesPath(const Images& images, const std::string& folder) {
  switch (images.files_case()) {
    case Images::kIdx:
      return JoinPath(folder, images.idx().images());
    case Images::kPng:
      return JoinPath(folder, images.png().folder());
    case Images::kCsv:
      return JoinPath(folder, images.csv().path());
    case Images::kNpz:
      return JoinPath(folder, images.npz().path());
    case Images::FILES_NOT_SET:
      break;
  }
  throw Error(ErrorKind::kInvalid, "images: no files; add idx, png, csv or npz");
}

LabelledImages ReadImages(FileSystem& files, const Images& images, const std::string& folder,
                          const ImageCheck& check) {
  const std::string path = ImagesPath(images, folder);
  if (images.has_idx()) {
    const std::string labels = images.idx().has_labels() ? JoinPath(folder, images.idx().labels()) : "";
    return ReadIdx(files, path, labels, check);
  }
  if (images.has_png()) return ReadPngFolder(files, path, images.png().channels(), check);
  if (images.has_csv()) return ReadCsv(files, path, images.csv(), check);
  const auto white = images.npz().has_white() ? std::optional(images.npz().white()) : std::nullopt;
  return ReadNpzImages(files, path, white, check);
}

}  // namespace plgraph
