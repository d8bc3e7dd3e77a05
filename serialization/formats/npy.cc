#include "serialization/formats/npy.h"

#include <fmt/format.h>

#include <cstring>

#include "serialization/formats/npy_reader.h"

namespace plgraph {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kPrefixSize = 8;  // the magic and two bytes of version

}  // namespace

Tensor DecodeNpy(std::span<const std::byte> bytes, const std::string& path) {
  MemoryFile file(bytes, path);
  return NpyReader(file, path).Read();
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

Tensor ReadNpy(FileSystem& files, const std::string& path) {
  const std::unique_ptr<ReadableFile> file = files.OpenRead(path);
  return NpyReader(*file, path).Read();
}

void WriteNpy(FileSystem& files, const std::string& path, const Tensor& tensor) {
  WriteFileAtomically(files, path, EncodeNpy(tensor));
}

}  // namespace plgraph
