#ifndef PLGRAPH_SERIALIZATION_FORMATS_NPY_READER_H_
#define PLGRAPH_SERIALIZATION_FORMATS_NPY_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/byte_stream.h"
#include "core/tensor.h"
#include "serialization/formats/npy_header.h"

namespace plgraph {

/// Reads the array of a `.npy` file in pieces: first what its header tells, so that a shape or a size can be refused
/// before any memory is taken, and then the numbers, straight to where they stay. Throws Error(kRuntime) with the path
/// for whatever is damaged or not understood.
class NpyReader {
 public:
  /// Reads the header. `size`: bytes that the stream holds in all.
  NpyReader(std::unique_ptr<ByteStream> stream, std::int64_t size, std::string path);
  /// Reads the header of a file, which must outlive this.
  NpyReader(ReadableFile& file, const std::string& path);

  const Shape& shape() const { return header_.shape; }
  const std::string& path() const { return path_; }
  /// The type that Read makes of the numbers.
  DType dtype() const;
  /// Bytes that Read takes for them.
  std::int64_t bytes() const;
  /// Whether the numbers are unsigned bytes or truth values, which ReadBytes gives as they are.
  bool HoldsBytes() const;
  bool HoldsBools() const { return header_.type == "|b1"; }

  // One of these, once.
  Tensor Read();
  /// The numbers converted to T (float or double), row-major.
  template <typename T>
  std::vector<T> ReadAs();
  std::vector<std::uint8_t> ReadBytes();

 private:
  struct Element;
  static const Element kElements[];

  // Returns where the numbers begin, of `size` bytes in all.
  std::size_t ReadHeader(std::size_t size);
  const Element& ElementOf() const;
  template <typename Add>
  void ForEachPiece(const Add& add);

  std::unique_ptr<ByteStream> stream_;
  std::string path_;
  NpyHeader header_;
  const Element* element_ = nullptr;
};

extern template std::vector<float> NpyReader::ReadAs<float>();
extern template std::vector<double> NpyReader::ReadAs<double>();

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_FORMATS_NPY_READER_H_
