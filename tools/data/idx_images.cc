// The IDX format of MNIST: two zero bytes, the type of the elements (8: unsigned bytes), the number of axes, the extent
// of each axis in four bytes, most significant first, and then the elements.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <utility>

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
  IdxFile(FileSystem& files, const std::string& path) : path_(path), file_(files.OpenRead(path)) {
    is_packed_ = IsGzip(*file_);
    if (is_packed_) {
      stream_ = std::make_unique<GzipStream>(*file_, path);
    } else {
      stream_ = std::make_unique<FileRange>(*file_, 0, file_->size());
    }
  }

  // The shape that the header tells; of `least` to `most` axes, and not empty.
  Shape ReadShape(int least, int most) {
    std::vector<std::byte> header(kMagicSize);
    const size_t got = stream_->Read(header);
    if (got < kMagicSize) Fail(path_, fmt::format("cut: it has only {} bytes", got));
    const auto at = [&](size_t i) { return std::to_integer<int>(header[i]); };
    if (at(0) != 0 || at(1) != 0 || at(2) != kUnsignedBytes || at(3) < least || at(3) > most) {
      Fail(path_,
           fmt::format("begins with {:02x} {:02x} {:02x} {:02x}; expected 00 00 08 {:02x}, an IDX file of "
                       "unsigned bytes with {} axes",
                       at(0), at(1), at(2), at(3), least, least));
    }
    header_size_ = kMagicSize + 4 * static_cast<size_t>(at(3));
    header.resize(header_size_ - kMagicSize);
    if (const size_t more = stream_->Read(header); more < header.size()) {
      Fail(path_,
           fmt::format("cut in its header: it has {} bytes, expected {}", kMagicSize + more, header_size_));
    }
    std::vector<std::int64_t> extents;
    for (size_t i = 0; i < header.size(); i += 4) {
      std::int64_t extent = 0;
      for (size_t k = 0; k < 4; ++k) extent = extent * 256 + std::to_integer<int>(header[i + k]);
      extents.push_back(extent);
    }
    return Checked(Shape(std::move(extents)));
  }

  // Bytes that the elements take: as many as the shape says, or as the packed file can hold at most.
  std::int64_t ElementBytes(const Shape& shape) const {
    const std::int64_t count = shape.NumElements();
    return is_packed_ ? std::min(count, file_->size() * kMostInflation) : count;
  }

  // The elements behind the header, which must be as many as the shape tells.
  std::vector<std::uint8_t> ReadElements(const Shape& shape) {
    const auto count = static_cast<size_t>(shape.NumElements());
    std::vector<std::uint8_t> elements;
    // Only what is read takes memory, even if the header lies.
    elements.reserve(static_cast<size_t>(ElementBytes(shape)));
    while (elements.size() < count) {
      const size_t before = elements.size();
      elements.resize(std::min(count, before + kPiece));
      const auto piece = std::as_writable_bytes(std::span(elements)).subspan(before);
      const size_t got = stream_->Read(piece);
      if (got < piece.size()) FailCount(shape, std::to_string(before + got) + " follow; it is cut");
    }
    std::byte more{};
    if (stream_->Read(std::span(&more, 1)) > 0) FailCount(shape, "more follow");
    return elements;
  }

 private:
  static constexpr std::int64_t kMostInflation = 1032;  // deflate's best: 258 bytes from two bits
  static constexpr size_t kPiece = size_t{1} << 20;

  [[noreturn]] void FailCount(const Shape& shape, const std::string& found) const {
    Fail(path_, fmt::format("its header tells a shape of {}, {} bytes, but {}", shape.ToString(),
                            shape.NumElements(), found));
  }

  Shape Checked(Shape shape) const {
    const std::int64_t count = [&] {
      try {
        return shape.NumElements();
      } catch (const Error& error) {
        Fail(path_,
             fmt::format("its header tells an impossible shape of {}: {}", shape.ToString(), error.what()));
      }
    }();
    if (count == 0) Fail(path_, fmt::format("holds nothing: its shape is {}", shape.ToString()));
    const std::int64_t found = file_->size() - static_cast<std::int64_t>(header_size_);
    if (!is_packed_ && found != count) {
      FailCount(shape, fmt::format("{} follow{}", found, found < count ? "; it is cut" : ""));
    }
    return shape;
  }

  std::string path_;
  std::unique_ptr<ReadableFile> file_;
  std::unique_ptr<ByteStream> stream_;
  bool is_packed_ = false;
  size_t header_size_ = 0;
};

}  // namespace

LabelledImages ReadIdx(FileSystem& files, const std::string& images_path, const std::string& labels_path,
                       const ImageCheck& check) {
  IdxFile images(files, images_path);
  const Shape shape = images.ReadShape(3, 4);
  LabelledImages result{.count = shape.dim(0),
                        .channels = shape.rank() == 4 ? shape.dim(1) : 1,
                        .height = shape.dim(shape.rank() - 2),
                        .width = shape.dim(shape.rank() - 1),
                        .pixels = {},
                        .labels = {},
                        .note = {}};
  std::optional<IdxFile> labels;
  if (!labels_path.empty()) {
    labels.emplace(files, labels_path);
    const Shape count = labels->ReadShape(1, 1);
    if (count.dim(0) != result.count) {
      Fail(labels_path, fmt::format("holds {} labels, but {} holds {} images; expected one for each",
                                    count.dim(0), images_path, result.count));
    }
    const std::vector<std::uint8_t> values = labels->ReadElements(count);
    result.labels.assign(values.begin(), values.end());
  }
  if (check) check(result, images.ElementBytes(shape));
  result.pixels = images.ReadElements(shape);
  GuessWhite(images_path, "", result);
  return result;
}

}  // namespace plgraph
