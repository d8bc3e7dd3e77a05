#ifndef PLGRAPH_TOOLS_DATA_LABELLED_IMAGES_H_
#define PLGRAPH_TOOLS_DATA_LABELLED_IMAGES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/file_system.h"
#include "serialization/model.pb.h"

namespace plgraph {

/// Images of one size, row-major [count, channels, height, width], with or without a class for each.
struct LabelledImages {
  std::int64_t count = 0;
  std::int64_t channels = 1;
  std::int64_t height = 0;
  std::int64_t width = 0;
  /// Bytes from 0 (black) to 255 (white), or numbers from 0 to 1.
  std::variant<std::vector<std::uint8_t>, std::vector<float>> pixels;
  std::vector<std::int32_t> labels;  ///< from 0 on, one for each image; or none at all

  /// Elements of one image.
  std::int64_t size() const { return channels * height * width; }
  /// Bytes in memory.
  std::int64_t bytes() const;
  /// The numbers of an image, from 0 to 1.
  void Copy(std::int64_t image, std::span<float> out) const;
};

// The readers of the formats. `path` and `folder` are whole. They throw Error(kRuntime) with the file, what was
// expected and what was found, and take memory only for what the bytes really hold. No result is empty.

/// The files of MNIST, plain or packed with gzip. `labels_path` may be "".
LabelledImages ReadIdx(FileSystem& files, const std::string& images_path, const std::string& labels_path);
/// A folder of PNG images, a class a folder in it; 1 or 3 channels.
LabelledImages ReadPngFolder(FileSystem& files, const std::string& folder, std::int64_t channels);
/// Lines of numbers; `format` has the size of the images.
LabelledImages ReadCsv(FileSystem& files, const std::string& path, const Images::Csv& format);
/// The arrays x and, if there is one, y of an archive; `white` is the number of a white pixel.
LabelledImages ReadNpzImages(FileSystem& files, const std::string& path, double white);

/// What the model declares; paths are relative to `folder`.
LabelledImages ReadImages(FileSystem& files, const Images& images, const std::string& folder);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_DATA_LABELLED_IMAGES_H_
