#include "serialization/state/checkpoint.h"

#include <fmt/format.h>

#include <array>

#include "core/crc32c.h"
#include "serialization/state/checkpoint.pb.h"
#include "serialization/state/checkpoint_layout.h"

namespace plgraph {
namespace {

std::span<const std::byte> BytesOf(const Tensor& tensor) {
  if (tensor.dtype() == DType::kFloat) return std::as_bytes(std::span(tensor.values<float>()));
  return std::as_bytes(std::span(tensor.values<double>()));
}

// What is beside the tensors in a file, and all of it in order.
struct CheckpointParts {
  std::vector<std::byte> header = {};
  std::vector<std::span<const std::byte>> parts = {};
};

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
  std::uint64_t end = MakeFrame(kCheckpointKind, header.SerializeAsString()).size();
  for (TensorEntry& entry : *header.mutable_tensor()) {
    entry.set_offset(AlignedOffset(end));
    end = entry.offset() + entry.size();
  }
}

CheckpointParts PartsOf(const Checkpoint& checkpoint) {
  static constexpr std::array<std::byte, kTensorAlignment> kZeros = {};
  CheckpointHeader header = MakeHeader(checkpoint);
  SetOffsets(header);
  CheckpointParts file{.header = MakeFrame(kCheckpointKind, header.SerializeAsString())};
  file.parts.emplace_back(file.header);
  std::uint64_t end = file.header.size();
  int index = 0;
  for (const TensorList& list : ListsOf(checkpoint)) {
    for (const NamedTensor& named : *list.tensors) {
      const std::uint64_t offset = header.tensor(index++).offset();
      file.parts.push_back(std::span(kZeros).first(offset - end));
      file.parts.push_back(BytesOf(named.tensor));
      end = offset + BytesOf(named.tensor).size();
    }
  }
  return file;
}

}  // namespace

std::string MomentName(std::string_view parameter, int slot) { return fmt::format("{}.{}", parameter, slot); }

// FNV-1a.
std::uint64_t ExtendFingerprint(std::uint64_t fingerprint, std::string_view name, const Shape& shape) {
  for (const char c : fmt::format("{}{}\n", name, shape.ToString())) {
    fingerprint = (fingerprint ^ static_cast<unsigned char>(c)) * 1099511628211U;
  }
  return fingerprint;
}

std::uint64_t ParameterFingerprint(const NamedTensors& parameters) {
  std::uint64_t fingerprint = kEmptyFingerprint;
  for (const NamedTensor& named : parameters) {
    fingerprint = ExtendFingerprint(fingerprint, named.name, named.tensor.shape());
  }
  return fingerprint;
}

std::vector<std::byte> EncodeCheckpoint(const Checkpoint& checkpoint) {
  const CheckpointParts file = PartsOf(checkpoint);
  std::vector<std::byte> bytes;
  for (const std::span<const std::byte> part : file.parts)
    bytes.insert(bytes.end(), part.begin(), part.end());
  return bytes;
}

std::int64_t CheckpointBytes(const Checkpoint& checkpoint) {
  std::int64_t size = 0;
  for (const std::span<const std::byte> part : PartsOf(checkpoint).parts) size += std::ssize(part);
  return size;
}

void WriteCheckpoint(FileSystem& files, const std::string& path, const Checkpoint& checkpoint) {
  WriteFileAtomically(files, path, PartsOf(checkpoint).parts);
}

}  // namespace plgraph
