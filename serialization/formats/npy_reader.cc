#include "serialization/formats/npy_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

#include "core/checked_size.h"
#include "core/error.h"

namespace plgraph {
namespace {

static_assert(std::endian::native == std::endian::little, "NumPy's files are read and written little-endian");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kPrefixSize = 8;             // the magic and two bytes of version
constexpr size_t kPiece = size_t{256} << 10;  // a multiple of every element's size

[[noreturn]] void Fail(const std::string& path, const std::string& fault) {
  throw Error(ErrorKind::kRuntime, fmt::format("{}: {}", path, fault));
}

template <typename T>
T Load(std::span<const std::byte> bytes, size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

// The places in row-major order of the elements in the order of the file.
class ElementOrder {
 public:
  explicit ElementOrder(const NpyHeader& header) {
    if (!header.fortran_order || header.shape.rank() < 2) return;
    dims_ = header.shape.dims();
    index_.resize(dims_.size());
    strides_.assign(dims_.size(), 1);
    for (size_t axis = dims_.size() - 1; axis-- > 0;) {
      strides_[axis] = strides_[axis + 1] * static_cast<size_t>(dims_[axis + 1]);
    }
  }

  size_t Next() {
    if (dims_.empty()) return place_++;
    const size_t place = place_;
    for (size_t axis = 0; axis < dims_.size(); ++axis) {
      place_ += strides_[axis];
      if (++index_[axis] < dims_[axis]) break;
      place_ -= strides_[axis] * static_cast<size_t>(index_[axis]);
      index_[axis] = 0;
    }
    return place;
  }

 private:
  std::vector<std::int64_t> dims_;  // empty: row-major
  std::vector<std::int64_t> index_;
  std::vector<size_t> strides_;
  size_t place_ = 0;
};

// An integer of 64 bits must not be rounded.
template <typename From>
void CheckExact(From value, size_t element, const std::string& path) {
  constexpr std::int64_t kLargest = std::int64_t{1} << 53;
  const bool too_small = std::is_signed_v<From> && value < static_cast<From>(-kLargest);
  if (value <= static_cast<From>(kLargest) && !too_small) return;
  Fail(path, fmt::format("element {} is {}, which a double does not hold exactly; expected at most 2^53",
                         element, value));
}

template <typename To, typename From>
void AddPiece(std::span<const std::byte> piece, size_t first, ElementOrder& order, std::vector<To>& values,
              const std::string& path) {
  for (size_t i = 0; i < piece.size() / sizeof(From); ++i) {
    const auto value = Load<From>(piece, i * sizeof(From));
    if constexpr (std::is_integral_v<From> && sizeof(From) == 8) CheckExact(value, first + i, path);
    values[order.Next()] = static_cast<To>(value);
  }
}

template <typename To>
using AddPieceTo = void (*)(std::span<const std::byte> piece, size_t first, ElementOrder& order,
                            std::vector<To>& values, const std::string& path);

}  // namespace

struct NpyReader::Element {
  std::string_view type;
  std::int64_t size;
  DType dtype;  // holds all its values exactly
  AddPieceTo<float> to_float;
  AddPieceTo<double> to_double;
};

namespace {

template <typename From>
constexpr DType kExactType = std::is_same_v<From, float> || (std::is_integral_v<From> && sizeof(From) <= 2)
                                 ? DType::kFloat
                                 : DType::kDouble;

}  // namespace

#define PLGRAPH_NPY_ELEMENT(name, From) \
  { name, sizeof(From), kExactType<From>, AddPiece<float, From>, AddPiece<double, From> }
const NpyReader::Element NpyReader::kElements[] = {
    PLGRAPH_NPY_ELEMENT("<f4", float),         PLGRAPH_NPY_ELEMENT("<f8", double),
    PLGRAPH_NPY_ELEMENT("|i1", std::int8_t),   PLGRAPH_NPY_ELEMENT("<i2", std::int16_t),
    PLGRAPH_NPY_ELEMENT("<i4", std::int32_t),  PLGRAPH_NPY_ELEMENT("<i8", std::int64_t),
    PLGRAPH_NPY_ELEMENT("|u1", std::uint8_t),  PLGRAPH_NPY_ELEMENT("<u1", std::uint8_t),
    PLGRAPH_NPY_ELEMENT("<u2", std::uint16_t), PLGRAPH_NPY_ELEMENT("<u4", std::uint32_t),
    PLGRAPH_NPY_ELEMENT("<u8", std::uint64_t), PLGRAPH_NPY_ELEMENT("|b1", std::uint8_t),
};
#undef PLGRAPH_NPY_ELEMENT

const NpyReader::Element& NpyReader::ElementOf() const {
  const auto* element = std::find_if(std::begin(kElements), std::end(kElements),
                                     [&](const Element& e) { return e.type == header_.type; });
  if (element != std::end(kElements)) return *element;
  const std::string_view hint =
      header_.type.starts_with("|O")  ? "it holds Python objects, which are never read"
      : header_.type.starts_with('>') ? "it is big-endian: save it again with astype(\"<f4\")"
                                      : "save it again with astype(\"<f4\")";
  Fail(path_, fmt::format("its elements are \"{}\"; expected <f4, <f8, |b1 or integers of 8 to 64 bits; {}",
                          header_.type, hint));
}

NpyReader::NpyReader(ReadableFile& file, const std::string& path)
    : NpyReader(std::make_unique<FileRange>(file, 0, file.size()), file.size(), path) {}

NpyReader::NpyReader(std::unique_ptr<ByteStream> stream, std::int64_t size, std::string path)
    : stream_(std::move(stream)), path_(std::move(path)) {
  const size_t data_at = ReadHeader(static_cast<size_t>(size));

  element_ = &ElementOf();
  const std::int64_t expected = [&] {
    try {
      return (CheckedSize(header_.shape.NumElements()) * CheckedSize(element_->size)).value();
    } catch (const Error& error) {
      Fail(path_, fmt::format("its shape {} is impossible: {}", header_.shape.ToString(), error.what()));
    }
  }();
  const std::int64_t found = size - static_cast<std::int64_t>(data_at);
  if (found != expected) {
    Fail(path_, fmt::format("{} of shape {} takes {} bytes behind the header, found {}", header_.type,
                            header_.shape.ToString(), expected, found));
  }
}

size_t NpyReader::ReadHeader(size_t size) {
  std::vector<std::byte> start(kPrefixSize + 4);
  const size_t got = stream_->Read(start);
  const std::string_view text(reinterpret_cast<const char*>(start.data()), got);
  if (!text.starts_with(kMagic)) Fail(path_, "not a .npy file: it does not start with \"\\x93NUMPY\"");
  if (got < start.size()) Fail(path_, fmt::format("cut in its header: it has only {} bytes", got));
  const int version = std::to_integer<int>(start[6]);
  if (version < 1 || version > 3)
    Fail(path_, fmt::format("version {} of the format; expected 1, 2 or 3", version));
  const size_t length = version == 1 ? Load<std::uint16_t>(start, kPrefixSize)
                                     : size_t{Load<std::uint32_t>(start, kPrefixSize)};
  const size_t begin = kPrefixSize + (version == 1 ? 2 : 4);
  const size_t data_at = begin + length;
  if (data_at > size) {
    Fail(path_, fmt::format("cut in its header: expected {} bytes, found {}", data_at, size));
  }
  // In version 1 the first two bytes of the text were read with what stands before them.
  std::string header(start.size() - begin, '\0');
  std::memcpy(header.data(), start.data() + begin, header.size());
  const size_t known = std::min(header.size(), length);
  header.resize(length);
  stream_->Read(std::as_writable_bytes(std::span(header)).subspan(known));
  header_ = ParseNpyHeader(header, path_);
  return data_at;
}

DType NpyReader::dtype() const { return element_->dtype; }
std::int64_t NpyReader::bytes() const { return header_.shape.NumElements() * SizeOf(dtype()); }
bool NpyReader::HoldsBytes() const { return element_->size == 1 && header_.type != "|i1"; }

// Calls add(piece, number of its first element).
template <typename Add>
void NpyReader::ForEachPiece(const Add& add) {
  const auto count = static_cast<size_t>(header_.shape.NumElements());
  const auto element_size = static_cast<size_t>(element_->size);
  std::vector<std::byte> buffer(std::min(kPiece, count * element_size));
  for (size_t first = 0; first < count;) {
    const std::span<std::byte> piece =
        std::span(buffer).first(std::min(buffer.size(), (count - first) * element_size));
    if (stream_->Read(piece) < piece.size()) Fail(path_, fmt::format("cut after element {}", first));
    add(piece, first);
    first += piece.size() / element_size;
  }
}

template <typename T>
std::vector<T> NpyReader::ReadAs() {
  std::vector<T> values(static_cast<size_t>(header_.shape.NumElements()));
  ElementOrder order(header_);
  ForEachPiece([&](std::span<const std::byte> piece, size_t first) {
    if constexpr (std::is_same_v<T, float>) {
      element_->to_float(piece, first, order, values, path_);
    } else {
      element_->to_double(piece, first, order, values, path_);
    }
  });
  return values;
}

std::vector<std::uint8_t> NpyReader::ReadBytes() {
  PLGRAPH_CHECK(HoldsBytes(), "the array does not hold bytes");
  std::vector<std::uint8_t> values(static_cast<size_t>(header_.shape.NumElements()));
  ElementOrder order(header_);
  ForEachPiece([&](std::span<const std::byte> piece, size_t first) {
    AddPiece<std::uint8_t, std::uint8_t>(piece, first, order, values, path_);
  });
  return values;
}

Tensor NpyReader::Read() {
  if (dtype() == DType::kFloat) return {header_.shape, ReadAs<float>()};
  return {header_.shape, ReadAs<double>()};
}

template std::vector<float> NpyReader::ReadAs<float>();
template std::vector<double> NpyReader::ReadAs<double>();

}  // namespace plgraph
