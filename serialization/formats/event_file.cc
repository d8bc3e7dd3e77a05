#include "serialization/formats/event_file.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "core/crc32c.h"

namespace plgraph {
namespace {

constexpr size_t kHeadSize = 12;
constexpr size_t kTailSize = 4;
constexpr int kBuckets = 30;

std::uint32_t MaskedChecksum(std::span<const std::byte> bytes) {
  const std::uint32_t sum = Crc32c(bytes);
  return ((sum >> 15) | (sum << 17)) + 0xa282ead8U;
}

template <typename T>
void PutAt(size_t at, T number, std::vector<std::byte>& out) {
  std::memcpy(out.data() + at, &number, sizeof(T));
}

template <typename T>
T NumberAt(std::span<const std::byte> bytes, size_t at) {
  T number = 0;
  std::memcpy(&number, bytes.data() + at, sizeof(T));
  return number;
}

// Counts the finite numbers into `histogram`, whose least and greatest are known.
void FillBuckets(std::span<const float> numbers, tensorboard::HistogramProto& histogram) {
  const double low = histogram.min();
  const double width = (histogram.max() - low) / kBuckets;
  const int buckets = width > 0 ? kBuckets : 1;
  std::vector<double> counts(static_cast<size_t>(buckets));
  for (const float number : numbers) {
    if (!std::isfinite(number)) continue;
    const int bucket = width > 0 ? std::min(kBuckets - 1, static_cast<int>((number - low) / width)) : 0;
    counts[static_cast<size_t>(bucket)] += 1;
  }
  for (int i = 0; i < buckets; ++i) {
    histogram.add_bucket_limit(i + 1 == buckets ? histogram.max() : low + (i + 1) * width);
    histogram.add_bucket(counts[static_cast<size_t>(i)]);
  }
}

}  // namespace

std::vector<std::byte> EncodeRecord(std::string_view content) {
  std::vector<std::byte> record(kHeadSize + content.size() + kTailSize);
  const std::span<std::byte> inside = std::span(record).subspan(kHeadSize, content.size());
  PutAt(0, static_cast<std::uint64_t>(content.size()), record);
  PutAt(8, MaskedChecksum(std::span(record).first(8)), record);
  std::ranges::copy(std::as_bytes(std::span(content)), inside.begin());
  PutAt(kHeadSize + content.size(), MaskedChecksum(inside), record);
  return record;
}

EventRecords DecodeRecords(std::span<const std::byte> bytes) {
  EventRecords found;
  while (bytes.size() >= kHeadSize) {
    const std::uint64_t size = NumberAt<std::uint64_t>(bytes, 0);
    if (NumberAt<std::uint32_t>(bytes, 8) != MaskedChecksum(bytes.first(8))) {
      ++found.damaged;  // where the next one begins is not known
      break;
    }
    if (bytes.size() - kHeadSize < kTailSize || size > bytes.size() - kHeadSize - kTailSize) break;
    const std::span<const std::byte> content = bytes.subspan(kHeadSize, size);
    if (NumberAt<std::uint32_t>(bytes, kHeadSize + size) == MaskedChecksum(content)) {
      found.records.emplace_back(reinterpret_cast<const char*>(content.data()), content.size());
    } else {
      ++found.damaged;
    }
    bytes = bytes.subspan(kHeadSize + size + kTailSize);
  }
  return found;
}

tensorboard::HistogramProto MakeHistogram(std::span<const float> numbers) {
  tensorboard::HistogramProto histogram;
  double sum = 0;
  double squares = 0;
  std::int64_t count = 0;
  double low = 0;
  double high = 0;
  for (const float number : numbers) {
    if (!std::isfinite(number)) continue;
    low = count == 0 ? number : std::min<double>(low, number);
    high = count == 0 ? number : std::max<double>(high, number);
    sum += number;
    squares += static_cast<double>(number) * number;
    ++count;
  }
  histogram.set_min(low);
  histogram.set_max(high);
  histogram.set_num(static_cast<double>(count));
  histogram.set_sum(sum);
  histogram.set_sum_squares(squares);
  FillBuckets(numbers, histogram);
  return histogram;
}

}  // namespace plgraph
