// `--set path=value`, one per line, on a small model that has a bit of everything.
#include <sstream>

#include "tests/fuzz/compiled_model.h"
#include "tests/training/small_model.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> model = std::as_bytes(std::span(plgraph::kSmallModel));
  std::istringstream text(std::string(reinterpret_cast<const char*>(data), size));
  std::vector<std::string> overrides;
  for (std::string line; std::getline(text, line);) overrides.push_back(line);
  plgraph::Accepted([&] { plgraph::CompileModel({model.begin(), model.end()}, overrides); });
  return 0;
}
