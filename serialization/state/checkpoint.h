#ifndef PLGRAPH_SERIALIZATION_STATE_CHECKPOINT_H_
#define PLGRAPH_SERIALIZATION_STATE_CHECKPOINT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/file_system.h"
#include "core/named_tensor.h"

namespace plgraph {

/// All that a training run needs to go on as if it had never stopped. The format is described in FORMAT.md.
struct Checkpoint {
  std::string model = {};                  ///< Model::name
  std::string optimizer = {};              ///< the name of its field in Train: "adam"
  std::int64_t episode = 0;                ///< training episodes done
  std::int64_t update = 0;                 ///< updates done
  std::uint64_t seed = 0;                  ///< of the run
  std::uint64_t data_position = 0;         ///< the next episode of the data source
  std::optional<double> best_metric = {};  ///< the best evaluation so far
  std::int64_t rollbacks = 0;              ///< how often the run went back because of a number not finite
  NamedTensors parameters = {};            ///< every parameter, in the order of the model
  NamedTensors moments = {};               ///< what the optimizer keeps; named by MomentName
  NamedTensors states = {};                ///< kept states at the end of the last episode, [batch, shape]
};

/// A tensor as the header of a file describes it, and what is wrong with its numbers.
struct TensorReport {
  std::string_view kind;  ///< "parameter", "moment" or "state"
  std::string name;
  DType dtype = DType::kFloat;
  Shape shape;
  std::string fault = {};  ///< "has checksum ..., expected ..."; empty: it is intact
};

/// What is intact and what is damaged in a file whose header is sound.
struct CheckpointReport {
  Checkpoint whole;                   ///< without the tensors that are damaged
  std::vector<TensorReport> tensors;  ///< in the order of the file
  std::vector<std::string> faults;    ///< of what lies between the tensors and behind them
};

/// The name of what an optimizer keeps for a parameter in one of its slots: "w.0".
std::string MomentName(std::string_view parameter, int slot);

/// A number that two checkpoints share if their parameters have the same names and shapes in the same order.
std::uint64_t ParameterFingerprint(const NamedTensors& parameters);

/// Whether the bytes start like a checkpoint. They may be damaged further on.
bool IsCheckpoint(std::span<const std::byte> bytes);

/// The same checkpoint gives the same bytes, whatever the time, the machine and the number of threads.
std::vector<std::byte> EncodeCheckpoint(const Checkpoint& checkpoint);
/// The size of the file.
std::int64_t CheckpointBytes(const Checkpoint& checkpoint);
/// Verifies every byte, and only then takes memory for the tensors. Throws Error(kRuntime) that names the path and
/// what is wrong: cut, damaged (which tensor), a header that contradicts itself, of a later version, or no checkpoint
/// at all.
Checkpoint DecodeCheckpoint(std::span<const std::byte> bytes, const std::string& path);
/// Verifies every byte and goes on past damage, except that of the header, which is thrown as by DecodeCheckpoint.
CheckpointReport InspectCheckpoint(std::span<const std::byte> bytes, const std::string& path);

/// Replaces the file as a whole: after a crash at any point the path holds the old one or the new one.
void WriteCheckpoint(FileSystem& files, const std::string& path, const Checkpoint& checkpoint);
Checkpoint ReadCheckpoint(FileSystem& files, const std::string& path);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_STATE_CHECKPOINT_H_
