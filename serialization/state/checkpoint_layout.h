#ifndef PLGRAPH_SERIALIZATION_STATE_CHECKPOINT_LAYOUT_H_
#define PLGRAPH_SERIALIZATION_STATE_CHECKPOINT_LAYOUT_H_

#include <cstdint>
#include <string_view>

#include "core/shape.h"
#include "serialization/state/frame.h"

namespace plgraph {

// What the writer and the reader of checkpoints share; FORMAT.md describes the file.

inline constexpr FrameKind kCheckpointKind = {.magic = "PLGCKPT\n", .version = 1, .name = "checkpoint"};

inline constexpr std::uint64_t kTensorAlignment = 64;
/// The first offset from this one on at which a tensor may begin.
constexpr std::uint64_t AlignedOffset(std::uint64_t offset) {
  return (offset + kTensorAlignment - 1) / kTensorAlignment * kTensorAlignment;
}

/// The fingerprint of no parameter.
inline constexpr std::uint64_t kEmptyFingerprint = 14695981039346656037U;
/// The fingerprint when one more parameter follows.
std::uint64_t ExtendFingerprint(std::uint64_t fingerprint, std::string_view name, const Shape& shape);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_STATE_CHECKPOINT_LAYOUT_H_
