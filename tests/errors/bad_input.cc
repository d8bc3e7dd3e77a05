#include "tests/errors/bad_input.h"

#include <cstring>
#include <sstream>

namespace plgraph {

const std::vector<BadInput>& Catalogue() {
  static const std::vector<BadInput> catalogue = [] {
    std::vector<BadInput> all;
    for (const auto& rows : {BadModels(), BadModelTexts(), BadOverrides(), BadCheckpoints(), BadRuns(),
                             BadPlans(), BadArrays(), BadImages(), BadUsages()}) {
      all.insert(all.end(), rows.begin(), rows.end());
    }
    return all;
  }();
  return catalogue;
}

std::vector<std::string> Words(const std::string& command) {
  std::vector<std::string> words;
  std::istringstream text(command);
  for (std::string word; std::getline(text, word, ' ');) words.push_back(word);
  return words;
}

Checkpoint SoundCheckpoint() {
  const Tensor matrix({12, 12}, std::vector<float>(144, 0.1F));
  const Tensor number({}, std::vector<float>{0.1F});
  Checkpoint checkpoint = {.model = "small", .optimizer = "adam", .episode = 20, .update = 10, .seed = 1};
  checkpoint.parameters = {
      {"w", matrix}, {"alpha", matrix}, {"eta", number}, {"fixed", Tensor({12}, std::vector<float>(12))}};
  for (const int slot : {0, 1}) {
    checkpoint.moments.push_back({MomentName("w", slot), matrix});
    checkpoint.moments.push_back({MomentName("alpha", slot), matrix});
    checkpoint.moments.push_back({MomentName("eta", slot), number});
  }
  checkpoint.data_position = 20;
  return checkpoint;
}

std::string TextOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string Flipped(std::string bytes, std::ptrdiff_t at) {
  char& byte = bytes[at < 0 ? bytes.size() - static_cast<size_t>(-at) : static_cast<size_t>(at)];
  byte = static_cast<char>(byte ^ 1);
  return bytes;
}

std::string WithNumber(std::string bytes, size_t at, std::uint32_t number) {
  std::memcpy(&bytes[at], &number, sizeof(number));
  return bytes;
}

}  // namespace plgraph
