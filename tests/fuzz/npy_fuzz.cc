// Arrays of NumPy: `.npz` if the bytes start as a zip archive does, `.npy` if not.
#include "serialization/formats/npy.h"
#include "tests/fuzz/fuzz_input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> bytes = plgraph::BytesOf(data, size);
  const bool zip = size >= 2 && data[0] == 'P' && data[1] == 'K';
  plgraph::Accepted([&] {
    if (zip) {
      plgraph::DecodeNpz(bytes, "arrays.npz");
    } else {
      plgraph::DecodeNpy(bytes, "array.npy");
    }
  });
  return 0;
}
