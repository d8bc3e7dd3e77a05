// Model text -> parsed, checked, compiled.
#include "tests/fuzz/compiled_model.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> bytes = plgraph::BytesOf(data, size);
  plgraph::Accepted([&] { plgraph::CompileModel({bytes.begin(), bytes.end()}, {}); });
  return 0;
}
