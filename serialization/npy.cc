#include "serialization/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include "core/checked_size.h"
#include "core/error.h"

namespace plgraph {
namespace {

static_assert(std::endian::native == std::endian::little, "NumPy's files are read and written little-endian");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kPrefixSize = 8;       // the magic and two bytes of version
constexpr std::int64_t kMostAxes = 32;  // as in NumPy

[[noreturn]] void Fail(const std::string& path, const std::string& fault) {
  throw Error(ErrorKind::kRuntime, fmt::format("{}: {}", path, fault));
}

template <typename T>
T Load(std::span<const std::byte> bytes, size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

struct Header {
  std::string type;  // "<f4"
  bool fortran_order = false;
  Shape shape;
};

// Reads the header, which is the text of a Python dictionary:
// {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& path) : text_(text), rest_(text), path_(path) {}

  Header Parse() {
    Header header;
    int seen = 0;
    Expect("{");
    while (!Take("}")) {
      const std::string key = Quoted();
      Expect(":");
      if (key == "descr") {
        header.type = Quoted();
      } else if (key == "fortran_order") {
        header.fortran_order = Bool();
      } else if (key == "shape") {
        header.shape = ReadShape();
      } else {
        FailHere(fmt::format("the key \"{}\" is unknown", key));
      }
      ++seen;
      if (!Take(",")) {
        Expect("}");
        break;
      }
    }
    SkipSpaces();
    if (!rest_.empty()) FailHere("something follows the \"}\"");
    if (seen != 3) FailHere("expected the keys descr, fortran_order and shape, each once");
    return header;
  }

 private:
  [[noreturn]] void FailHere(const std::string& fault) const {
    Fail(path_, fmt::format("the header cannot be read: {}, at byte {} of \"{}\"", fault,
                            text_.size() - rest_.size(), text_.substr(0, 200)));
  }

  void SkipSpaces() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\n')) rest_.remove_prefix(1);
  }

  bool Take(std::string_view word) {
    SkipSpaces();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  void Expect(std::string_view word) {
    if (!Take(word)) FailHere(fmt::format("expected \"{}\"", word));
  }

  std::string Quoted() {
    const char quote = Take("'") ? '\'' : '"';
    if (quote == '"' && !Take("\"")) FailHere("expected a word in quotes (records are not read)");
    const size_t end = rest_.find(quote);
    if (end == std::string_view::npos) FailHere("the quotes are not closed");
    std::string word(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return word;
  }

  bool Bool() {
    if (Take("True")) return true;
    Expect("False");
    return false;
  }

  Shape ReadShape() {
    std::vector<std::int64_t> extents;
    Expect("(");
    while (!Take(")")) {
      SkipSpaces();
      std::int64_t extent = -1;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), extent);
      if (error != std::errc{} || extent < 0) FailHere("expected an extent from 0 on");
      if (std::ssize(extents) == kMostAxes) FailHere(fmt::format("expected at most {} axes", kMostAxes));
      rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
      extents.push_back(extent);
      if (!Take(",")) {
        Expect(")");
        break;
      }
    }
    return Shape(std::move(extents));
  }

  std::string_view text_;
  std::string_view rest_;
  const std::string& path_;
};

// Row-major from column-major: element (i0, i1, ...) lies at i0 + i1 * n0 + i2 * n0 * n1 + ...
template <typename To, typename From>
std::vector<To> ReorderedFrom(std::span<const std::byte> bytes, const Shape& shape) {
  const size_t count = bytes.size() / sizeof(From);
  std::vector<To> values(count);
  const size_t rank = static_cast<size_t>(shape.rank());
  std::vector<size_t> strides(rank, 1);
  for (size_t axis = 1; axis < rank; ++axis) {
    strides[axis] = strides[axis - 1] * static_cast<size_t>(shape.dims()[axis - 1]);
  }
  std::vector<std::int64_t> index(rank, 0);
  size_t source = 0;
  for (size_t i = 0; i < count; ++i) {
    values[i] = static_cast<To>(Load<From>(bytes, source * sizeof(From)));
    for (size_t axis = rank; axis-- > 0;) {
      source += strides[axis];
      if (++index[axis] < shape.dims()[axis]) break;
      source -= strides[axis] * static_cast<size_t>(index[axis]);
      index[axis] = 0;
    }
  }
  return values;
}

template <typename To, typename From>
Tensor Converted(std::span<const std::byte> bytes, const Header& header) {
  if (header.fortran_order && header.shape.rank() > 1) {
    return Tensor(header.shape, ReorderedFrom<To, From>(bytes, header.shape));
  }
  std::vector<To> values(bytes.size() / sizeof(From));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<To>(Load<From>(bytes, i * sizeof(From)));
  return Tensor(header.shape, std::move(values));
}

void CheckExact(std::span<const std::byte> bytes, const std::string& path) {
  constexpr std::int64_t kLargest = std::int64_t{1} << 53;
  for (size_t i = 0; i < bytes.size() / 8; ++i) {
    const auto value = Load<std::int64_t>(bytes, i * 8);
    if (value > kLargest || value < -kLargest) {
      Fail(path, fmt::format("element {} is {}, which a double does not hold exactly; expected at most 2^53",
                             i, value));
    }
  }
}

struct ElementType {
  std::string_view name;
  std::int64_t size;
  Tensor (*convert)(std::span<const std::byte> bytes, const Header& header);
};
constexpr ElementType kTypes[] = {
    {"<f4", 4, Converted<float, float>},         {"<f8", 8, Converted<double, double>},
    {"<i4", 4, Converted<double, std::int32_t>}, {"<i8", 8, Converted<double, std::int64_t>},
    {"|u1", 1, Converted<float, std::uint8_t>},  {"<u1", 1, Converted<float, std::uint8_t>},
    {"|b1", 1, Converted<float, std::uint8_t>},
};

const ElementType& TypeOf(const Header& header, const std::string& path) {
  const auto* type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                  [&](const ElementType& t) { return t.name == header.type; });
  if (type != std::end(kTypes)) return *type;
  const std::string_view hint =
      header.type.starts_with("|O")  ? "it holds Python objects, which are never read"
      : header.type.starts_with('>') ? "it is big-endian: save it again with astype(\"<f4\")"
                                     : "save it again with astype(\"<f4\")";
  Fail(path, fmt::format("its elements are \"{}\"; expected <f4, <f8, <i4, <i8, |u1 or |b1; {}", header.type,
                         hint));
}

// The header's text, by the version of the file; `data_at` becomes where the numbers begin.
std::string_view HeaderText(std::span<const std::byte> bytes, const std::string& path, size_t& data_at) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(kMagic)) Fail(path, "not a .npy file: it does not start with \"\\x93NUMPY\"");
  if (bytes.size() < kPrefixSize + 4)
    Fail(path, fmt::format("cut in its header: it has only {} bytes", bytes.size()));
  const int version = std::to_integer<int>(bytes[6]);
  if (version < 1 || version > 3)
    Fail(path, fmt::format("version {} of the format; expected 1, 2 or 3", version));
  const size_t length_size = version == 1 ? 2 : 4;
  const size_t length = version == 1 ? Load<std::uint16_t>(bytes, kPrefixSize)
                                     : size_t{Load<std::uint32_t>(bytes, kPrefixSize)};
  const size_t begin = kPrefixSize + length_size;
  if (length > bytes.size() - begin) {
    Fail(path, fmt::format("cut in its header: expected {} bytes, found {}", begin + length, bytes.size()));
  }
  data_at = begin + length;
  return text.substr(begin, length);
}

// What the numbers take, by the header.
std::int64_t DataSize(const Header& header, std::int64_t element_size, const std::string& path) {
  try {
    return (CheckedSize(header.shape.NumElements()) * CheckedSize(element_size)).value();
  } catch (const Error& error) {
    Fail(path, fmt::format("its shape {} is impossible: {}", header.shape.ToString(), error.what()));
  }
}

}  // namespace

Tensor DecodeNpy(std::span<const std::byte> bytes, const std::string& path) {
  size_t data_at = 0;
  const Header header = HeaderParser(HeaderText(bytes, path, data_at), path).Parse();
  const ElementType& type = TypeOf(header, path);
  const std::int64_t size = DataSize(header, type.size, path);
  const std::span<const std::byte> data = bytes.subspan(data_at);
  if (std::ssize(data) != size) {
    Fail(path, fmt::format("{} of shape {} takes {} bytes behind the header, found {}", header.type,
                           header.shape.ToString(), size, data.size()));
  }
  if (header.type == "<i8") CheckExact(data, path);
  return type.convert(data, header);
}

std::vector<std::byte> EncodeNpy(const Tensor& tensor) {
  std::string shape;
  for (const std::int64_t extent : tensor.shape().dims()) shape += fmt::format("{}, ", extent);
  if (tensor.shape().rank() > 1) shape.resize(shape.size() - 2);
  if (tensor.shape().rank() == 1) shape.resize(shape.size() - 1);  // a tuple of one keeps its comma
  const bool is_float = tensor.dtype() == DType::kFloat;
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
                                   is_float ? "<f4" : "<f8", shape);
  // The numbers begin at a multiple of 64; the header ends in a newline.
  constexpr size_t kBefore = kPrefixSize + 2;
  header.append(63 - (kBefore + header.size()) % 64, ' ');
  header += '\n';
  std::string start(kMagic);
  start += '\x01';
  start += '\0';
  start += static_cast<char>(header.size() & 0xFF);
  start += static_cast<char>(header.size() >> 8);
  start += header;
  const std::span<const std::byte> data = is_float ? std::as_bytes(std::span(tensor.values<float>()))
                                                   : std::as_bytes(std::span(tensor.values<double>()));
  std::vector<std::byte> bytes(start.size() + data.size());
  std::memcpy(bytes.data(), start.data(), start.size());
  if (!data.empty()) std::memcpy(bytes.data() + start.size(), data.data(), data.size());
  return bytes;
}

Tensor ReadNpy(FileSystem& files, const std::string& path) { return DecodeNpy(files.Read(path), path); }

void WriteNpy(FileSystem& files, const std::string& path, const Tensor& tensor) {
  WriteFileAtomically(files, path, EncodeNpy(tensor));
}

}  // namespace plgraph
