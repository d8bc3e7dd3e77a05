// A checkpoint: decoded and, if it is sound, encoded again to the same bytes.
#include "serialization/state/checkpoint.h"
#include "tests/fuzz/fuzz_input.h"

namespace plgraph {
namespace {

void DecodeAndEncode(std::span<const std::byte> bytes) {
  const std::vector<std::byte> once = EncodeCheckpoint(DecodeCheckpoint(bytes, "checkpoint"));
  PLGRAPH_CHECK(EncodeCheckpoint(DecodeCheckpoint(once, "again")) == once,
                "a checkpoint is not what was written");
}

}  // namespace
}  // namespace plgraph

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> bytes = plgraph::BytesOf(data, size);
  plgraph::Accepted([&] { plgraph::DecodeAndEncode(bytes); });
  plgraph::Accepted([&] { plgraph::DecodeAndEncode(plgraph::WithChecksum(bytes)); });
  return 0;
}
