#ifndef PLGRAPH_SERIALIZATION_FORMATS_EVENT_FILE_H_
#define PLGRAPH_SERIALIZATION_FORMATS_EVENT_FILE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "serialization/formats/event.pb.h"

namespace plgraph {

/// The frame of TensorFlow's record files: the length (8 bytes), its masked checksum (4), the content, its masked
/// checksum (4); little-endian; CRC32C, masked so that checksums of data that hold checksums stay sound.
std::vector<std::byte> EncodeRecord(std::string_view content);

/// What a record file holds.
struct EventRecords {
  std::vector<std::string_view>
      records;               ///< the intact ones, in order; they point into the bytes of the file
  std::int64_t damaged = 0;  ///< how many are damaged; where a length is, it counts all that follows as one
};

/// Skips damaged records. An end that was cut, as by a kill, is neither a record nor damage.
EventRecords DecodeRecords(std::span<const std::byte> bytes);

/// How the numbers are spread, in 30 buckets of one width; those that are not finite are left out.
tensorboard::HistogramProto MakeHistogram(std::span<const float> numbers);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_FORMATS_EVENT_FILE_H_
