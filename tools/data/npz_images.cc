// Images and labels as the arrays x and y of a NumPy archive.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "serialization/formats/npz.h"
#include "tools/data/labelled_images.h"

namespace plgraph {
namespace {

[[noreturn]] void Fail(const std::string& path, std::string_view array, const std::string& fault) {
  throw Error(ErrorKind::kRuntime, fmt::format("{}: array {}: {}", path, array, fault));
}

LabelledImages WithSizes(const Shape& shape, const std::string& path) {
  const int rank = shape.rank();
  const bool fits = rank == 3 || (rank == 4 && (shape.dim(1) == 1 || shape.dim(1) == 3));
  if (!fits) {
    Fail(
        path, "x",
        fmt::format(
            "has shape {}; expected [images, height, width] or [images, channels, height, width] with 1 or 3 "
            "channels{}",
            shape.ToString(), rank == 4 ? "; transpose(0, 3, 1, 2) puts channels first" : ""));
  }
  if (shape.NumElements() == 0)
    Fail(path, "x", fmt::format("holds no image: its shape is {}", shape.ToString()));
  return {.count = shape.dim(0),
          .channels = rank == 4 ? shape.dim(1) : 1,
          .height = shape.dim(rank - 2),
          .width = shape.dim(rank - 1),
          .pixels = {},
          .labels = {},
          .note = {}};
}

constexpr std::string_view kRemedy = "; if 255 is white, declare `white: 255`";

// Truth values are black and white; of other numbers 255 is white unless none is over 1.
void SetBytes(NpyReader& x, std::optional<double> white, const std::string& path, LabelledImages& images) {
  images.pixels = x.ReadBytes();
  if (white || x.HoldsBools()) {
    images.white = static_cast<float>(white.value_or(1));
    const auto& bytes = std::get<std::vector<std::uint8_t>>(images.pixels);
    const auto over = std::ranges::find_if(bytes, [&](std::uint8_t byte) { return byte > images.white; });
    if (over == bytes.end()) return;
    Fail(path, "x",
         fmt::format("element {} is {}; expected 0 to {}, which `white` declares", over - bytes.begin(),
                     *over, images.white));
  }
  GuessWhite(path, kRemedy, images);
}

void SetNumbers(NpyReader& x, std::optional<double> declared, const std::string& path,
                LabelledImages& images) {
  std::vector<float> pixels = x.ReadAs<float>();
  bool whole = true;
  float largest = 0;
  for (const float pixel : pixels) {
    whole = whole && pixel == std::floor(pixel);
    largest = std::max(largest, pixel);
  }
  const bool guess = !declared && largest <= 1 && largest > 0;
  const double white = guess ? 1 : declared.value_or(255);
  for (size_t i = 0; i < pixels.size(); ++i) {
    if (pixels[i] >= 0 && static_cast<double>(pixels[i]) <= white) continue;
    Fail(path, "x",
         fmt::format("element {} is {}; expected 0 to {}, which `white` {}", i, pixels[i], white,
                     declared ? "declares" : "is unless it is declared"));
  }
  if (!whole && largest <= 1 && white > 1) {
    Fail(path, "x",
         fmt::format("no element is over {}, but white is {}; declare `white: 1`", largest, white));
  }
  for (float& pixel : pixels) pixel = static_cast<float>(static_cast<double>(pixel) / white);
  images.pixels = std::move(pixels);
  if (guess) {
    images.note = fmt::format("{}: no pixel is over 1, so 1 is taken as white{}", path, kRemedy);
  }
}

std::vector<std::int32_t> Labels(NpyReader& y, std::int64_t count, const std::string& path) {
  constexpr double kLargestLabel = 1e6;
  if (y.shape() != Shape{count}) {
    Fail(
        path, "y",
        fmt::format("has shape {}; expected [{}], a label for each image of x", y.shape().ToString(), count));
  }
  std::vector<std::int32_t> labels;
  for (const double label : y.ReadAs<double>()) {
    if (!(label >= 0 && label <= kLargestLabel && label == std::floor(label))) {
      Fail(path, "y",
           fmt::format("element {} is {}; expected a whole number from 0 to {}", labels.size(), label,
                       kLargestLabel));
    }
    labels.push_back(static_cast<std::int32_t>(label));
  }
  return labels;
}

}  // namespace

LabelledImages ReadNpzImages(FileSystem& files, const std::string& path, std::optional<double> white,
                             const ImageCheck& check) {
  const std::unique_ptr<ReadableFile> file = files.OpenRead(path);
  const NpzArchive archive(*file, path);
  if (!archive.Has("x")) {
    std::string names;
    for (const std::string& name : archive.names()) names += " " + name;
    Fail(path, "x", fmt::format("is missing; the archive holds{}", names.empty() ? " nothing" : names));
  }
  NpyReader x = archive.Open("x");
  LabelledImages result = WithSizes(x.shape(), path);
  if (archive.Has("y")) {
    NpyReader y = archive.Open("y");
    result.labels = Labels(y, result.count, path);
  }
  const std::int64_t element = x.HoldsBytes() ? 1 : SizeOf(DType::kFloat);
  if (check) check(result, x.shape().NumElements() * element);
  if (x.HoldsBytes()) {
    SetBytes(x, white, path, result);
  } else {
    SetNumbers(x, white, path, result);
  }
  return result;
}

}  // namespace plgraph
