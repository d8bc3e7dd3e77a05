#include "core/crc32c.h"

#include <array>
#include <cstring>

namespace plgraph {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // 0x1EDC6F41 with its bits reversed

// kTables[k][b]: the checksum of byte b followed by k zero bytes, so that eight bytes take eight look-ups
// that do not wait for each other ("slicing by 8", Kounavis and Berry 2005).
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables MakeTables() {
  Tables tables{};
  for (std::uint32_t b = 0; b < 256; ++b) {
    std::uint32_t crc = b;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][b] = crc;
  }
  for (size_t k = 1; k < 8; ++k) {
    for (size_t b = 0; b < 256; ++b)
      tables[k][b] = (tables[k - 1][b] >> 8) ^ tables[0][tables[k - 1][b] & 0xFF];
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

std::uint64_t Load(const std::byte* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

std::uint32_t Step(std::uint32_t crc, std::byte next) {
  return (crc >> 8) ^ kTables[0][(crc ^ std::to_integer<std::uint32_t>(next)) & 0xFF];
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t ByInstruction(std::span<const std::byte> bytes,
                                                              std::uint32_t so_far) {
  std::uint64_t crc = ~so_far;
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) crc = __builtin_ia32_crc32di(crc, Load(bytes.data()));
  auto rest = static_cast<std::uint32_t>(crc);
  for (const std::byte b : bytes) rest = __builtin_ia32_crc32qi(rest, std::to_integer<unsigned char>(b));
  return ~rest;
}
#endif

}  // namespace

std::uint32_t Crc32cByTable(std::span<const std::byte> bytes, std::uint32_t so_far) {
  std::uint32_t crc = ~so_far;
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    const std::uint64_t word = Load(bytes.data()) ^ crc;
    crc = 0;
    for (size_t k = 0; k < 8; ++k) crc ^= kTables[7 - k][(word >> (8 * k)) & 0xFF];
  }
  for (const std::byte b : bytes) crc = Step(crc, b);
  return ~crc;
}

std::uint32_t Crc32c(std::span<const std::byte> bytes, std::uint32_t so_far) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return ByInstruction(bytes, so_far);
#endif
  return Crc32cByTable(bytes, so_far);
}

}  // namespace plgraph
