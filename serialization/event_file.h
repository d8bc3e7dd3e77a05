#ifndef PLGRAPH_SERIALIZATION_EVENT_FILE_H_
#define PLGRAPH_SERIALIZATION_EVENT_FILE_H_

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "serialization/event.pb.h"

namespace plgraph {

/// The frame of TensorFlow's record files: the length (8 bytes), its masked checksum (4), the content, its masked
/// checksum (4); little-endian; CRC32C, masked so that checksums of data that hold checksums stay sound.
std::vector<std::byte> EncodeRecord(std::string_view content);

/// The records of a file up to the first one that is cut or damaged.
std::vector<std::string_view> DecodeRecords(std::span<const std::byte> bytes);

/// How the numbers are spread, in 30 buckets of one width; those that are not finite are left out.
tensorboard::HistogramProto MakeHistogram(std::span<const float> numbers);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_EVENT_FILE_H_
