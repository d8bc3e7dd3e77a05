#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "core/checked_size.h"
#include "core/crc32c.h"
#include "core/error.h"
#include "serialization/state/checkpoint.h"
#include "serialization/state/checkpoint.pb.h"
#include "serialization/state/checkpoint_layout.h"

namespace plgraph {
namespace {

Shape ShapeOf(const TensorEntry& entry) {
  return Shape(std::vector<std::int64_t>(entry.shape().begin(), entry.shape().end()));
}

std::string_view KindOf(const TensorEntry& entry) {
  switch (entry.kind()) {
    case TensorEntry::PARAMETER:
      return "parameter";
    case TensorEntry::MOMENT:
      return "moment";
    case TensorEntry::STATE:
      return "state";
  }
  return "";
}

template <typename T>
Tensor Copied(Shape shape, std::span<const std::byte> bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return Tensor(std::move(shape), std::move(values));
}

// A checkpoint's bytes behind a header whose checksum is right, and which agrees with itself. No number of a tensor is
// copied before it is asked for, so that a file that is refused takes no memory.
class CheckpointFile {
 public:
  CheckpointFile(std::span<const std::byte> bytes, const std::string& path) : bytes_(bytes), path_(path) {
    const Frame frame = OpenFrame(bytes, kCheckpointKind, path);
    ParseHeader(frame, header_, path);
    end_ = frame.end;
    begin_ = frame.end;
    std::set<std::pair<int, std::string_view>> names;
    std::uint64_t fingerprint = kEmptyFingerprint;
    for (const TensorEntry& entry : header_.tensor()) {
      CheckEntry(entry);
      if (!names.emplace(entry.kind(), entry.name()).second) Lies(entry, "is there twice");
      if (entry.kind() == TensorEntry::PARAMETER) {
        fingerprint = ExtendFingerprint(fingerprint, entry.name(), ShapeOf(entry));
      }
    }
    if (header_.parameter_fingerprint() != fingerprint) {
      FailDamaged(path, "the fingerprint of the parameters is not that of their names and shapes");
    }
  }

  int size() const { return header_.tensor_size(); }
  const TensorEntry& entry(int index) const { return header_.tensor(index); }
  bool IsCut() const { return bytes_.size() < end_; }
  std::uint64_t expected_size() const { return end_; }

  /// What is wrong with the file's end, or "".
  std::string FaultOfEnd() const {
    if (bytes_.size() == end_) return "";
    return fmt::format("expected {} bytes, found {}{}", end_, bytes_.size(),
                       IsCut() ? "" : ": something follows the last tensor");
  }

  /// What is wrong with the bytes between a tensor and what is before it, or "".
  std::string FaultBefore(int index) const {
    const std::uint64_t from = index == 0 ? begin_ : entry(index - 1).offset() + entry(index - 1).size();
    const std::uint64_t to = std::min<std::uint64_t>(entry(index).offset(), bytes_.size());
    if (from >= to) return "";
    const auto zeros = bytes_.subspan(from, to - from);
    if (std::all_of(zeros.begin(), zeros.end(), [](std::byte b) { return b == std::byte{0}; })) return "";
    return fmt::format("the zeros before tensor \"{}\" are not zero", entry(index).name());
  }

  /// What is wrong with the numbers of a tensor, or "".
  std::string FaultOf(int index) const {
    const TensorEntry& entry = this->entry(index);
    if (entry.offset() + entry.size() > bytes_.size()) {
      return fmt::format("is cut: it ends at byte {}, the file at {}", entry.offset() + entry.size(),
                         bytes_.size());
    }
    const std::uint32_t found = Crc32c(Numbers(index));
    if (found == entry.crc32c()) return "";
    return fmt::format("has checksum {:08x}, expected {:08x}", found, entry.crc32c());
  }

  Checkpoint WithoutTensors() const {
    Checkpoint checkpoint{.model = header_.model(),
                          .optimizer = header_.optimizer(),
                          .episode = header_.episode(),
                          .update = header_.update(),
                          .seed = header_.seed(),
                          .data_position = header_.data_position()};
    checkpoint.rollbacks = header_.rollbacks();
    if (header_.has_best_metric()) checkpoint.best_metric = header_.best_metric();
    return checkpoint;
  }

  void CopyTensor(int index, Checkpoint& to) const {
    const TensorEntry& entry = this->entry(index);
    NamedTensors& list = entry.kind() == TensorEntry::PARAMETER ? to.parameters
                         : entry.kind() == TensorEntry::MOMENT  ? to.moments
                                                                : to.states;
    list.push_back({entry.name(), entry.type() == TensorEntry::FLOAT
                                      ? Copied<float>(ShapeOf(entry), Numbers(index))
                                      : Copied<double>(ShapeOf(entry), Numbers(index))});
  }

 private:
  [[noreturn]] void Lies(const TensorEntry& entry, const std::string& how) const {
    FailDamaged(path_, fmt::format("the header says what cannot be: tensor \"{}\" {}", entry.name(), how));
  }

  // Tensors lie one behind the other, each at the next multiple of 64.
  void CheckEntry(const TensorEntry& entry) {
    // An unknown number in the place of an enumerator counts as none.
    if (!entry.has_kind() || !entry.has_type()) Lies(entry, "is of a kind or type that is not known");
    const Shape shape = ShapeOf(entry);
    const std::uint64_t offset = AlignedOffset(end_);
    try {
      const CheckedSize width = entry.type() == TensorEntry::FLOAT ? 4 : 8;
      const auto size = static_cast<std::uint64_t>((CheckedSize(shape.NumElements()) * width).value());
      if (size != entry.size()) {
        Lies(entry,
             fmt::format("of shape {} takes {} bytes, but has {}", shape.ToString(), size, entry.size()));
      }
      end_ = static_cast<std::uint64_t>(
          (CheckedSize(static_cast<std::int64_t>(offset)) + CheckedSize(static_cast<std::int64_t>(size)))
              .value());
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kRuntime) throw;
      Lies(entry, fmt::format("has the impossible shape {}", shape.ToString()));
    }
    if (entry.offset() != offset) {
      Lies(entry, fmt::format("is at {}; expected {}", entry.offset(), offset));
    }
  }

  std::span<const std::byte> Numbers(int index) const {
    return bytes_.subspan(entry(index).offset(), entry(index).size());
  }

  std::span<const std::byte> bytes_;
  const std::string& path_;
  CheckpointHeader header_;
  std::uint64_t begin_ = 0;  // of what follows the frame
  std::uint64_t end_ = 0;    // of the last tensor, by the header
};

}  // namespace

bool IsCheckpoint(std::span<const std::byte> bytes) { return HasMagic(bytes, kCheckpointKind); }

Checkpoint DecodeCheckpoint(std::span<const std::byte> bytes, const std::string& path) {
  const CheckpointFile file(bytes, path);
  if (file.IsCut()) FailCut(path, file.expected_size(), bytes.size());
  for (int i = 0; i < file.size(); ++i) {
    if (const std::string fault = file.FaultBefore(i); !fault.empty()) FailDamaged(path, fault);
    if (const std::string fault = file.FaultOf(i); !fault.empty()) {
      FailDamaged(path, fmt::format("tensor \"{}\" {}", file.entry(i).name(), fault));
    }
  }
  if (const std::string fault = file.FaultOfEnd(); !fault.empty()) FailDamaged(path, fault);
  Checkpoint checkpoint = file.WithoutTensors();
  for (int i = 0; i < file.size(); ++i) file.CopyTensor(i, checkpoint);
  return checkpoint;
}

CheckpointReport InspectCheckpoint(std::span<const std::byte> bytes, const std::string& path) {
  const CheckpointFile file(bytes, path);
  CheckpointReport report = {.whole = file.WithoutTensors(), .tensors = {}, .faults = {}};
  for (int i = 0; i < file.size(); ++i) {
    const TensorEntry& entry = file.entry(i);
    report.tensors.push_back({.kind = KindOf(entry),
                              .name = entry.name(),
                              .dtype = entry.type() == TensorEntry::FLOAT ? DType::kFloat : DType::kDouble,
                              .shape = ShapeOf(entry),
                              .fault = file.FaultOf(i)});
    if (report.tensors.back().fault.empty()) file.CopyTensor(i, report.whole);
    if (const std::string fault = file.FaultBefore(i); !fault.empty()) report.faults.push_back(fault);
  }
  if (const std::string fault = file.FaultOfEnd(); !fault.empty()) report.faults.push_back(fault);
  return report;
}

Checkpoint ReadCheckpoint(FileSystem& files, const std::string& path) {
  return DecodeCheckpoint(files.Read(path), path);
}

}  // namespace plgraph
