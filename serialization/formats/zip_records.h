#ifndef PLGRAPH_SERIALIZATION_FORMATS_ZIP_RECORDS_H_
#define PLGRAPH_SERIALIZATION_FORMATS_ZIP_RECORDS_H_

#include <cstdint>

namespace plgraph {

// The records of a zip file. They are little-endian, as this machine is (npy_reader.cc asserts it).
constexpr std::uint32_t kZipLocalMark = 0x04034b50;
constexpr std::uint32_t kZipDirectoryMark = 0x02014b50;
constexpr std::uint32_t kZipEndMark = 0x06054b50;
constexpr std::uint32_t kZipSee64 = 0xFFFFFFFF;  // "the number is in the 64-bit extra field"
constexpr std::uint16_t kZipStored = 0;
constexpr std::uint16_t kZipDeflated = 8;

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_FORMATS_ZIP_RECORDS_H_
