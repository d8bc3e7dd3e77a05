#include "core/random.h"

#include <cmath>
#include <numbers>

namespace plgraph {

std::array<std::uint32_t, 4> Philox(std::array<std::uint32_t, 4> counter, std::uint64_t key) {
  std::uint32_t k0 = static_cast<std::uint32_t>(key);
  std::uint32_t k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ k0, static_cast<std::uint32_t>(p1),
               static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ k1, static_cast<std::uint32_t>(p0)};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return counter;
}

std::uint32_t StreamId(std::string_view name) {
  std::uint32_t hash = 2166136261U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

std::array<std::uint32_t, 4> RandomStream::Block(std::uint32_t index) const {
  return Philox(
      {index, stream_, static_cast<std::uint32_t>(block_), static_cast<std::uint32_t>(block_ >> 32)}, seed_);
}

std::uint32_t RandomStream::Bits(std::uint32_t index) const { return Block(index / 4)[index % 4]; }

double RandomStream::Uniform(std::uint32_t index) const { return (Bits(index) >> 8) * 0x1p-24; }

double RandomStream::Normal(std::uint32_t index) const {
  const std::array<std::uint32_t, 4> bits = Block(index / 2);
  const size_t half = 2 * (index % 2);
  const double u = (bits[half] + 0.5) * 0x1p-32;  // in (0, 1): its logarithm is finite
  const double v = bits[half + 1] * 0x1p-32;
  return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
}

std::uint32_t RandomStream::Below(std::uint32_t index, std::uint32_t bound) const {
  return static_cast<std::uint32_t>((std::uint64_t{Bits(index)} * bound) >> 32);
}

}  // namespace plgraph
