#include "serialization/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "core/checked_size.h"
#include "core/crc32c.h"
#include "core/error.h"
#include "serialization/checkpoint.pb.h"
#include "serialization/frame.h"

namespace plgraph {
namespace {

constexpr FrameKind kKind = {.magic = "PLGCKPT\n", .version = 1, .name = "checkpoint"};
constexpr std::uint64_t kAlignment = 64;

std::uint64_t Aligned(std::uint64_t offset) { return (offset + kAlignment - 1) / kAlignment * kAlignment; }

std::span<const std::byte> BytesOf(const Tensor& tensor) {
  if (tensor.dtype() == DType::kFloat) return std::as_bytes(std::span(tensor.values<float>()));
  return std::as_bytes(std::span(tensor.values<double>()));
}

// The tensors of a checkpoint, in the order of the file, each with its kind.
struct TensorList {
  TensorEntry::Kind kind;
  const NamedTensors* tensors;
};
std::array<TensorList, 3> ListsOf(const Checkpoint& checkpoint) {
  return {{{TensorEntry::PARAMETER, &checkpoint.parameters},
           {TensorEntry::MOMENT, &checkpoint.moments},
           {TensorEntry::STATE, &checkpoint.states}}};
}

CheckpointHeader MakeHeader(const Checkpoint& checkpoint) {
  CheckpointHeader header;
  header.set_model(checkpoint.model);
  header.set_optimizer(checkpoint.optimizer);
  header.set_episode(checkpoint.episode);
  header.set_update(checkpoint.update);
  header.set_seed(checkpoint.seed);
  header.set_data_position(checkpoint.data_position);
  if (checkpoint.best_metric) header.set_best_metric(*checkpoint.best_metric);
  if (checkpoint.rollbacks > 0) header.set_rollbacks(checkpoint.rollbacks);
  header.set_parameter_fingerprint(ParameterFingerprint(checkpoint.parameters));
  for (const TensorList& list : ListsOf(checkpoint)) {
    for (const NamedTensor& named : *list.tensors) {
      TensorEntry& entry = *header.add_tensor();
      entry.set_name(named.name);
      entry.set_kind(list.kind);
      entry.set_type(named.tensor.dtype() == DType::kFloat ? TensorEntry::FLOAT : TensorEntry::DOUBLE);
      for (const std::int64_t extent : named.tensor.shape().dims()) entry.add_shape(extent);
      entry.set_size(BytesOf(named.tensor).size());
      entry.set_crc32c(Crc32c(BytesOf(named.tensor)));
    }
  }
  return header;
}

// Offsets have a fixed length in the header, so that its length does not depend on them.
void SetOffsets(CheckpointHeader& header) {
  for (TensorEntry& entry : *header.mutable_tensor()) entry.set_offset(0);
  std::uint64_t end = MakeFrame(kKind, header.SerializeAsString()).size();
  for (TensorEntry& entry : *header.mutable_tensor()) {
    entry.set_offset(Aligned(end));
    end = entry.offset() + entry.size();
  }
}

class Decoder {
 public:
  Decoder(std::span<const std::byte> bytes, const std::string& path) : bytes_(bytes), path_(path) {}

  Checkpoint Decode() {
    const Frame frame = OpenFrame(bytes_, kKind, path_);
    end_ = frame.end;
    CheckpointHeader header;
    ParseHeader(frame, header, path_);
    Checkpoint checkpoint{.model = header.model(),
                          .optimizer = header.optimizer(),
                          .episode = header.episode(),
                          .update = header.update(),
                          .seed = header.seed(),
                          .data_position = header.data_position()};
    checkpoint.rollbacks = header.rollbacks();
    if (header.has_best_metric()) checkpoint.best_metric = header.best_metric();
    for (const TensorEntry& entry : header.tensor()) {
      NamedTensors& list = entry.kind() == TensorEntry::PARAMETER ? checkpoint.parameters
                           : entry.kind() == TensorEntry::MOMENT  ? checkpoint.moments
                                                                  : checkpoint.states;
      list.push_back({entry.name(), ReadTensor(entry)});
    }
    if (end_ != bytes_.size()) {
      FailDamaged(path_, fmt::format("expected {} bytes, found {}: something follows the last tensor", end_,
                                     bytes_.size()));
    }
    if (header.parameter_fingerprint() != ParameterFingerprint(checkpoint.parameters)) {
      FailDamaged(path_, "the fingerprint of the parameters is not that of their names and shapes");
    }
    return checkpoint;
  }

 private:
  Shape ShapeOf(const TensorEntry& entry) const {
    const Shape shape(std::vector<std::int64_t>(entry.shape().begin(), entry.shape().end()));
    const std::uint64_t width = entry.type() == TensorEntry::FLOAT ? 4 : 8;
    std::uint64_t size = 0;
    try {
      size = static_cast<std::uint64_t>(
          (CheckedSize(shape.NumElements()) * CheckedSize(static_cast<std::int64_t>(width))).value());
    } catch (const Error&) {
      FailDamaged(path_,
                  fmt::format("tensor \"{}\" has the impossible shape {}", entry.name(), shape.ToString()));
    }
    if (size != entry.size()) {
      FailDamaged(path_, fmt::format("tensor \"{}\" of shape {} takes {} bytes, but has {}", entry.name(),
                                     shape.ToString(), size, entry.size()));
    }
    return shape;
  }

  // Tensors lie one behind the other, with zeros up to the next multiple of 64.
  Tensor ReadTensor(const TensorEntry& entry) {
    const Shape shape = ShapeOf(entry);
    const std::uint64_t offset = Aligned(end_);
    if (entry.offset() != offset) {
      FailDamaged(path_, fmt::format("tensor \"{}\" is said to be at {}, expected {}", entry.name(),
                                     entry.offset(), offset));
    }
    if (offset > bytes_.size() || entry.size() > bytes_.size() - offset) {
      FailCut(path_, offset + entry.size(), bytes_.size());
    }
    const auto padding = bytes_.subspan(end_, offset - end_);
    if (std::any_of(padding.begin(), padding.end(), [](std::byte b) { return b != std::byte{0}; })) {
      FailDamaged(path_, fmt::format("the zeros before tensor \"{}\" are not zero", entry.name()));
    }
    const auto numbers = bytes_.subspan(offset, entry.size());
    if (const std::uint32_t found = Crc32c(numbers); found != entry.crc32c()) {
      FailDamaged(path_, fmt::format("tensor \"{}\" has checksum {:08x}, expected {:08x}", entry.name(),
                                     found, entry.crc32c()));
    }
    end_ = offset + entry.size();
    return entry.type() == TensorEntry::FLOAT ? Copied<float>(shape, numbers)
                                              : Copied<double>(shape, numbers);
  }

  template <typename T>
  static Tensor Copied(const Shape& shape, std::span<const std::byte> bytes) {
    std::vector<T> values(bytes.size() / sizeof(T));
    if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    return Tensor(shape, std::move(values));
  }

  std::span<const std::byte> bytes_;
  const std::string& path_;
  std::uint64_t end_ = 0;  // of what has been read
};

}  // namespace

std::string MomentName(std::string_view parameter, int slot) { return fmt::format("{}.{}", parameter, slot); }

std::uint64_t ParameterFingerprint(const NamedTensors& parameters) {
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a
  for (const NamedTensor& named : parameters) {
    for (const char c : named.name + named.tensor.shape().ToString() + "\n") {
      hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    }
  }
  return hash;
}

bool IsCheckpoint(std::span<const std::byte> bytes) { return HasMagic(bytes, kKind); }

std::vector<std::byte> EncodeCheckpoint(const Checkpoint& checkpoint) {
  CheckpointHeader header = MakeHeader(checkpoint);
  SetOffsets(header);
  std::vector<std::byte> bytes = MakeFrame(kKind, header.SerializeAsString());
  if (header.tensor_size() > 0) {
    const TensorEntry& last = header.tensor(header.tensor_size() - 1);
    bytes.reserve(last.offset() + last.size());
  }
  int index = 0;
  for (const TensorList& list : ListsOf(checkpoint)) {
    for (const NamedTensor& named : *list.tensors) {
      const std::span<const std::byte> numbers = BytesOf(named.tensor);
      bytes.resize(header.tensor(index++).offset());
      bytes.insert(bytes.end(), numbers.begin(), numbers.end());
    }
  }
  return bytes;
}

Checkpoint DecodeCheckpoint(std::span<const std::byte> bytes, const std::string& path) {
  return Decoder(bytes, path).Decode();
}

void WriteCheckpoint(FileSystem& files, const std::string& path, const Checkpoint& checkpoint) {
  WriteFileAtomically(files, path, EncodeCheckpoint(checkpoint));
}

Checkpoint ReadCheckpoint(FileSystem& files, const std::string& path) {
  return DecodeCheckpoint(files.Read(path), path);
}

}  // namespace plgraph
