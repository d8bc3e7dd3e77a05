#include "serialization/state/frame.h"

#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "core/crc32c.h"
#include "core/error.h"

namespace plgraph {
namespace {

static_assert(std::endian::native == std::endian::little, "the files are little-endian");

constexpr size_t kMagicSize = 8;
constexpr size_t kVersionAt = 8;
constexpr size_t kLengthAt = 16;
constexpr size_t kHeaderAt = 24;
constexpr size_t kChecksumSize = 4;

template <typename T>
T Load(std::span<const std::byte> bytes, size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

template <typename T>
void Append(std::vector<std::byte>& bytes, T value) {
  const auto* begin = reinterpret_cast<const std::byte*>(&value);
  bytes.insert(bytes.end(), begin, begin + sizeof(T));
}

}  // namespace

void FailCut(const std::string& path, std::uint64_t expected, std::uint64_t found) {
  throw Error(ErrorKind::kRuntime,
              fmt::format("{}: the file is cut: expected {} bytes, found {}", path, expected, found));
}

void FailDamaged(const std::string& path, const std::string& what) {
  throw Error(ErrorKind::kRuntime, fmt::format("{}: the file is damaged: {}", path, what));
}

void ParseHeader(const Frame& frame, google::protobuf::MessageLite& message, const std::string& path) {
  const google::protobuf::LogSilencer silence;  // what is wrong is said here, not on stderr
  if (frame.header.size() > std::numeric_limits<int>::max() ||
      !message.ParseFromArray(frame.header.data(), static_cast<int>(frame.header.size()))) {
    FailDamaged(path, "the header cannot be read");
  }
}

bool HasMagic(std::span<const std::byte> bytes, const FrameKind& kind) {
  return bytes.size() >= kMagicSize && std::memcmp(bytes.data(), kind.magic.data(), kMagicSize) == 0;
}

std::vector<std::byte> MakeFrame(const FrameKind& kind, std::string_view header) {
  std::vector<std::byte> bytes;
  bytes.reserve(kHeaderAt + header.size() + kChecksumSize);
  const auto append_text = [&](std::string_view text) {
    const auto* begin = reinterpret_cast<const std::byte*>(text.data());
    bytes.insert(bytes.end(), begin, begin + text.size());
  };
  append_text(kind.magic);
  Append(bytes, kind.version);
  Append(bytes, std::uint32_t{0});
  Append(bytes, std::uint64_t{header.size()});
  append_text(header);
  Append(bytes, Crc32c(bytes));
  return bytes;
}

Frame OpenFrame(std::span<const std::byte> bytes, const FrameKind& kind, const std::string& path) {
  if (bytes.size() < kMagicSize) {
    throw Error(ErrorKind::kRuntime,
                fmt::format("{}: not a {}: it has only {} bytes", path, kind.name, bytes.size()));
  }
  if (!HasMagic(bytes, kind)) {
    throw Error(ErrorKind::kRuntime, fmt::format("{}: not a {}: it does not start with \"{}\"", path,
                                                 kind.name, kind.magic.substr(0, kMagicSize - 1)));
  }
  if (bytes.size() < kHeaderAt + kChecksumSize) FailCut(path, kHeaderAt + kChecksumSize, bytes.size());
  const auto version = Load<std::uint32_t>(bytes, kVersionAt);
  if (version != kind.version) {
    const std::string_view hint = version > kind.version ? "a later plgraph wrote it" : "make it again";
    throw Error(ErrorKind::kRuntime, fmt::format("{}: a {} of version {}; this program reads version {}: {}",
                                                 path, kind.name, version, kind.version, hint));
  }
  const auto length = Load<std::uint64_t>(bytes, kLengthAt);
  const size_t room = bytes.size() - kHeaderAt - kChecksumSize;
  if (length > room) {
    const std::uint64_t expected = kHeaderAt + length + kChecksumSize;
    FailCut(path, std::max(length, expected), bytes.size());  // the sum of a damaged length may overflow
  }
  const size_t checksum_at = kHeaderAt + length;
  const auto expected = Load<std::uint32_t>(bytes, checksum_at);
  const std::uint32_t found = Crc32c(bytes.first(checksum_at));
  if (expected != found) {
    FailDamaged(path, fmt::format("the header has checksum {:08x}, expected {:08x}; "
                                  "without it nothing in the file can be told apart",
                                  found, expected));
  }
  return {{reinterpret_cast<const char*>(bytes.data()) + kHeaderAt, length}, checksum_at + kChecksumSize};
}

}  // namespace plgraph
