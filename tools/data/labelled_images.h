#ifndef PLGRAPH_TOOLS_DATA_LABELLED_IMAGES_H_
#define PLGRAPH_TOOLS_DATA_LABELLED_IMAGES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/file_system.h"
#include "serialization/language/model.pb.h"

namespace plgraph {

/// Images of one size, row-major [count, channels, height, width], with or without a class for each.
struct LabelledImages {
  std::int64_t count = 0;
  std::int64_t channels = 1;
  std::int64_t height = 0;
  std::int64_t width = 0;
  /// Bytes from 0 (black) to `white`, or numbers from 0 to 1.
  std::variant<std::vector<std::uint8_t>, std::vector<float>> pixels;
  float white = 255;
  std::vector<std::int32_t> labels;  ///< from 0 on, one for each image; or none at all
  std::string note;                  ///< what was guessed of them and the user must know; "": nothing

  /// Elements of one image.
  std::int64_t size() const { return channels * height * width; }
  /// Bytes in memory.
  std::int64_t bytes() const;
  /// The numbers of an image, from 0 to 1.
  void Copy(std::int64_t image, std::span<float> out) const;
};

/// Called when the sizes of the images are known, before their pixels take `bytes` of memory. Throws what makes the
/// reader end. The count of a CSV file is not known by then, and `bytes` is what its pixels take at least.
using ImageCheck = std::function<void(const LabelledImages& sizes, std::int64_t bytes)>;

// The readers of the formats. `path` and `folder` are complete paths. They throw Error(kRuntime) with the file, what
// was expected and what was found, read in pieces, and take memory only for what the bytes really hold. No result is
// empty. Images none of whose pixels is over 1 have 1 as white, which `note` then says, unless the file's type or the
// user says what is white.

/// The files of MNIST, plain or packed with gzip. `labels_path` may be "".
LabelledImages ReadIdx(FileSystem& files, const std::string& images_path, const std::string& labels_path,
                       const ImageCheck& check = {});
/// A folder of PNG images, with a folder in it for each class; 1 or 3 channels. The samples are taken as they are
/// stored.
LabelledImages ReadPngFolder(FileSystem& files, const std::string& folder, std::int64_t channels,
                             const ImageCheck& check = {});
/// Lines of numbers; `format` has the size of the images.
LabelledImages ReadCsv(FileSystem& files, const std::string& path, const Images::Csv& format,
                       const ImageCheck& check = {});
/// The arrays x and, if there is one, y of an archive; `white` is the number of a white pixel, if that is known.
LabelledImages ReadNpzImages(FileSystem& files, const std::string& path, std::optional<double> white,
                             const ImageCheck& check = {});

/// What the model declares; paths are relative to `folder`.
LabelledImages ReadImages(FileSystem& files, const Images& images, const std::string& folder,
                          const ImageCheck& check = {});

/// The file or folder that holds the images which the model declares.
std::string ImagesPath(const Images& images, const std::string& folder);

/// For a reader that does not know what is white: takes 1 where no byte is over 1. `remedy` ends the note.
void GuessWhite(const std::string& path, std::string_view remedy, LabelledImages& images);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_DATA_LABELLED_IMAGES_H_
