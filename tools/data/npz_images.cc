// Images and labels as the arrays x and y of a NumPy archive.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "serialization/npy.h"
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
          .labels = {}};
}

void CheckPixels(const std::vector<float>& pixels, double white, const std::string& path) {
  bool whole = true;
  float largest = 0;
  for (size_t i = 0; i < pixels.size(); ++i) {
    if (!(pixels[i] >= 0 && static_cast<double>(pixels[i]) <= white)) {
      Fail(path, "x",
           fmt::format("element {} is {}; expected 0 to {}, which `white` declares", i, pixels[i], white));
    }
    whole = whole && pixels[i] == std::floor(pixels[i]);
    largest = std::max(largest, pixels[i]);
  }
  if (!whole && largest <= 1 && white > 1) {
    Fail(path, "x",
         fmt::format("no element is over {}, but white is {}; declare `white: 1`", largest, white));
  }
}

std::vector<std::int32_t> Labels(const Tensor& y, std::int64_t count, const std::string& path) {
  constexpr double kLargestLabel = 1e6;
  if (y.shape() != Shape{count}) {
    Fail(
        path, "y",
        fmt::format("has shape {}; expected [{}], a label for each image of x", y.shape().ToString(), count));
  }
  std::vector<std::int32_t> labels;
  for (const double label : y.As<double>()) {
    if (!(label >= 0 && label <= kLargestLabel && label == std::floor(label))) {
      Fail(path, "y",
           fmt::format("element {} is {}; expected a whole number from 0 to {}", labels.size(), label,
                       kLargestLabel));
    }
    labels.push_back(static_cast<std::int32_t>(label));
  }
  return labels;
}

const Tensor* Find(const NamedTensors& tensors, std::string_view name) {
  const auto found =
      std::find_if(tensors.begin(), tensors.end(), [&](const NamedTensor& t) { return t.name == name; });
  return found == tensors.end() ? nullptr : &found->tensor;
}

}  // namespace

LabelledImages ReadNpzImages(FileSystem& files, const std::string& path, double white) {
  const NamedTensors tensors = ReadNpz(files, path);
  const Tensor* x = Find(tensors, "x");
  if (x == nullptr) {
    std::string names;
    for (const NamedTensor& t : tensors) names += " " + t.name;
    Fail(path, "x", fmt::format("is missing; the archive holds{}", names.empty() ? " nothing" : names));
  }
  LabelledImages result = WithSizes(x->shape(), path);
  std::vector<float> pixels = x->As<float>();
  CheckPixels(pixels, white, path);
  for (float& pixel : pixels) pixel = static_cast<float>(static_cast<double>(pixel) / white);
  result.pixels = std::move(pixels);
  if (const Tensor* y = Find(tensors, "y")) result.labels = Labels(*y, result.count, path);
  return result;
}

}  // namespace plgraph
