#include "tools/data/labelled_images.h"

#include <algorithm>

#include "core/error.h"
#include "serialization/initializer.h"

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
                 [](std::uint8_t byte) { return static_cast<float>(byte) / 255.0F; });
}

LabelledImages ReadImages(FileSystem& files, const Images& images, const std::string& folder) {
  switch (images.files_case()) {
    case Images::kIdx:
      return ReadIdx(files, JoinPath(folder, images.idx().images()),
                     images.idx().has_labels() ? JoinPath(folder, images.idx().labels()) : "");
    case Images::kPng:
      return ReadPngFolder(files, JoinPath(folder, images.png().folder()), images.png().channels());
    case Images::kCsv:
      return ReadCsv(files, JoinPath(folder, images.csv().path()), images.csv());
    case Images::kNpz:
      return ReadNpzImages(files, JoinPath(folder, images.npz().path()), images.npz().white());
    case Images::FILES_NOT_SET:
      break;
  }
  throw Error(ErrorKind::kInvalid, "images: no files; add idx, png, csv or npz");
}

}  // namespace plgraph
