#ifndef PLGRAPH_SERIALIZATION_STATE_FRAME_H_
#define PLGRAPH_SERIALIZATION_STATE_FRAME_H_

#include <google/protobuf/message_lite.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plgraph {

/// One of plgraph's binary file formats, all of which start alike; FORMAT.md has the bytes.
struct FrameKind {
  std::string_view magic;  ///< the first eight bytes
  std::uint32_t version;   ///< the one that is written; later ones are refused
  std::string_view name;   ///< for messages: "checkpoint"
};

/// A header whose checksum is right.
struct Frame {
  std::string_view header;  ///< inside the bytes that were given
  size_t end = 0;           ///< where what follows the header begins
};

bool HasMagic(std::span<const std::byte> bytes, const FrameKind& kind);

/// The bytes up to the end of the frame: magic, version, header and their checksum.
std::vector<std::byte> MakeFrame(const FrameKind& kind, std::string_view header);

/// Throws Error(kRuntime) that says what is wrong: another kind of file, a later version, cut, damaged.
Frame OpenFrame(std::span<const std::byte> bytes, const FrameKind& kind, const std::string& path);

/// Reads the header's message. Throws Error(kRuntime) when it is none.
void ParseHeader(const Frame& frame, google::protobuf::MessageLite& message, const std::string& path);

[[noreturn]] void FailCut(const std::string& path, std::uint64_t expected, std::uint64_t found);
[[noreturn]] void FailDamaged(const std::string& path, const std::string& what);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_STATE_FRAME_H_
