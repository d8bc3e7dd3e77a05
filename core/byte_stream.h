#ifndef PLGRAPH_CORE_BYTE_STREAM_H_
#define PLGRAPH_CORE_BYTE_STREAM_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/file_system.h"

namespace plgraph {

/// Bytes that are read once, from the first to the last.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// Fills `out` with the next bytes; returns how many there were: fewer than asked for only at the end. Throws
  /// Error(kRuntime) when the bytes are damaged.
  virtual std::size_t Read(std::span<std::byte> out) = 0;
};

/// Some bytes of a file, which must outlive it.
class FileRange : public ByteStream {
 public:
  FileRange(ReadableFile& file, std::int64_t offset, std::int64_t size)
      : file_(file), offset_(offset), left_(size) {}

  std::size_t Read(std::span<std::byte> out) override {
    const std::span<std::byte> part = out.first(std::min(out.size(), static_cast<std::size_t>(left_)));
    file_.ReadAt(offset_, part);
    offset_ += std::ssize(part);
    left_ -= std::ssize(part);
    return part.size();
  }

 private:
  ReadableFile& file_;
  std::int64_t offset_;
  std::int64_t left_;
};

}  // namespace plgraph

#endif  // PLGRAPH_CORE_BYTE_STREAM_H_
