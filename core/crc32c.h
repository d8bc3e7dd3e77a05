#ifndef PLGRAPH_CORE_CRC32C_H_
#define PLGRAPH_CORE_CRC32C_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace plgraph {

/// The checksum of RFC 3720 (polynomial 0x1EDC6F41): finds every flip of up to three bits, and every burst of
/// up to 32. To go on over further bytes, give what came before as `so_far`.
std::uint32_t Crc32c(std::span<const std::byte> bytes, std::uint32_t so_far = 0);

/// The same by tables alone, for machines without the instruction. Public for its test.
std::uint32_t Crc32cByTable(std::span<const std::byte> bytes, std::uint32_t so_far = 0);

}  // namespace plgraph

#endif  // PLGRAPH_CORE_CRC32C_H_
