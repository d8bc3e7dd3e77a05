// The IDX format of MNIST: two zero bytes, the type of the elements (8: unsigned bytes), the number of axes, the extent
// of each axis in four bytes, most significant first, and then the elements.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/checked_size.h"
#include "core/error.h"
#include "core/shape.h"
#include "tools/data/gzip.h"
#include "tools/data/labelled_images.h"

namespace plgraph {
namespace {

constexpr size_t kMagicSize = 4;
constexpr std::uint8_t kUnsignedBytes = 8;

[[noreturn]] void Fail(const std::string& path, const std::string& fault) {
  throw Error(ErrorKind::kRuntime, fmt::format("{}: {}", path, fault));
}

// The bytes of a file, packed or not.
class IdxFile {
 public:
  IdxFile(FileSystem& files, const std::string& path) : path_(path), bytes_(files.Read(path)) {}

  // The shape that the header tells; of `least` to `most` axes.
  Shape ReadShape(int least, int most) {
    const std::vector<std::byte> magic = First(kMagicSize);
    if (magic.size() < kMagicSize) Fail(path_, fmt::format("cut: it has only {} bytes", magic.size()));
    const auto at = [&](size_t i) { return std::to_integer<int>(magic[i]); };
    if (at(0) != 0 || at(1) != 0 || at(2) != kUnsignedBytes || at(3) < least || at(3) > most) {
      Fail(path_,
           fmt::format("begins with {:02x} {:02x} {:02x} {:02x}; expected 00 00 08 {:02x}, an IDX file of "
                       "unsigned bytes with {} axes",
                       at(0), at(1), at(2), at(3), least, least));
    }
    header_size_ = kMagicSize + 4 * static_cast<size_t>(at(3));
    const std::vector<std::byte> header = First(static_cast<std::int64_t>(header_size_));
    if (header.size() < header_size_) {
      Fail(path_,
           fmt::format("cut in its header: it has {} bytes, expected {}", header.size(), header_size_));
    }
    std::vector<std::int64_t> extents;
    for (size_t i = kMagicSize; i < header_size_; i += 4) {
      std::int64_t extent = 0;
      for (size_t k = 0; k < 4; ++k) extent = extent * 256 + std::to_integer<int>(header[i + k]);
      extents.push_back(extent);
    }
    return Shape(std::move(extents));
  }

  // The elements behind the header, which must be as many as the shape tells.
  std::vector<std::uint8_t> ReadElements(const Shape& shape) const {
    const std::int64_t count = NumElements(shape);
    if (count == 0) Fail(path_, fmt::format("holds nothing: its shape is {}", shape.ToString()));
    const std::int64_t expected = (CheckedSize(count) + static_cast<std::int64_t>(header_size_)).value();
    const std::vector<std::byte> all = IsGzip(bytes_) ? First(expected + 1) : bytes_;
    if (std::ssize(all) != expected) {
      Fail(path_,
           fmt::format("its header tells a shape of {}, {} bytes, but {} follow{}", shape.ToString(), count,
                       std::ssize(all) > expected && IsGzip(bytes_)
                           ? "more"
                           : std::to_string(all.size() - header_size_),
                       std::ssize(all) < expected ? "; it is cut" : ""));
    }
    std::vector<std::uint8_t> elements(static_cast<size_t>(count));
    std::memcpy(elements.data(), all.data() + header_size_, elements.size());
    return elements;
  }

 private:
  std::vector<std::byte> First(std::int64_t count) const {
    if (IsGzip(bytes_)) return GunzipFirst(bytes_, count, path_);
    return {bytes_.begin(), bytes_.begin() + std::min(count, std::ssize(bytes_))};
  }
  std::int64_t NumElements(const Shape& shape) const {
    try {
      return shape.NumElements();
    } catch (const Error& error) {
      Fail(path_,
           fmt::format("its header tells an impossible shape of {}: {}", shape.ToString(), error.what()));
    }
  }

  std::string path_;
  std::vector<std::byte> bytes_;
  size_t header_size_ = 0;
};

}  // namespace

LabelledImages ReadIdx(FileSystem& files, const std::string& images_path, const std::string& labels_path) {
  IdxFile images(files, images_path);
  const Shape shape = images.ReadShape(3, 4);
  LabelledImages result{.count = shape.dim(0),
                        .channels = shape.rank() == 4 ? shape.dim(1) : 1,
                        .height = shape.dim(shape.rank() - 2),
                        .width = shape.dim(shape.rank() - 1),
                        .pixels = images.ReadElements(shape),
                        .labels = {}};
  if (labels_path.empty()) return result;
  IdxFile labels(files, labels_path);
  const Shape count = labels.ReadShape(1, 1);
  const std::vector<std::uint8_t> values = labels.ReadElements(count);
  if (count.dim(0) != result.count) {
    Fail(labels_path, fmt::format("holds {} labels, but {} holds {} images; expected one for each",
                                  count.dim(0), images_path, result.count));
  }
  result.labels.assign(values.begin(), values.end());
  return result;
}

}  // namespace plgraph
