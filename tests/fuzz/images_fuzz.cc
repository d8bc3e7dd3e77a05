// Files of images. What the bytes start with decides how they are read: as IDX (plain or packed), PNG, npz or CSV.
#include <string_view>

#include "tests/fuzz/fuzz_input.h"
#include "tools/data/labelled_images.h"

namespace plgraph {
namespace {

void ReadAs(std::string_view start, MemoryFiles& files) {
  if (start.starts_with("\x89PNG")) {
    for (const int channels : {1, 3}) Accepted([&] { ReadPngFolder(files, "folder", channels); });
  } else if (start.starts_with("PK")) {
    Accepted([&] { ReadNpzImages(files, "file", 255); });
  } else if (start.starts_with(std::string_view("\0\0", 2)) || start.starts_with("\x1f\x8b")) {
    Accepted([&] { ReadIdx(files, "file", ""); });
    Accepted([&] { ReadIdx(files, "one_image", "file"); });
  } else {
    Images::Csv csv;
    csv.set_height(2);
    csv.set_width(2);
    Accepted([&] { ReadCsv(files, "file", csv); });
    csv.set_labels(false);
    Accepted([&] { ReadCsv(files, "file", csv); });
  }
}

}  // namespace
}  // namespace plgraph

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> input = plgraph::BytesOf(data, size);
  const std::vector<std::byte> bytes(input.begin(), input.end());
  constexpr std::uint8_t kOneImage[] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 7};
  const std::span<const std::byte> image = plgraph::BytesOf(kOneImage, sizeof(kOneImage));
  plgraph::MemoryFiles files(
      {{"file", bytes}, {"folder/class/image.png", bytes}, {"one_image", {image.begin(), image.end()}}});
  plgraph::ReadAs({reinterpret_cast<const char*>(data), size}, files);
  return 0;
}
