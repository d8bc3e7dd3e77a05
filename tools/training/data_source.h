#ifndef PLGRAPH_TOOLS_TRAINING_DATA_SOURCE_H_
#define PLGRAPH_TOOLS_TRAINING_DATA_SOURCE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/file_system.h"
#include "core/shape.h"
#include "graph/graph.h"
#include "serialization/model.pb.h"

namespace plgraph {

/// An input of a model as data sees it.
struct InputPort {
  std::string name;
  Shape shape;
  bool per_step = true;  ///< false: one value for a whole episode
};

/// The inputs of a graph, in the order of the model.
std::vector<InputPort> InputPorts(const Graph& graph);

/// Some steps of some episodes that follow each other.
struct EpisodeWindow {
  std::uint64_t first_episode = 0;
  std::int64_t batch = 1;
  std::int64_t first_step = 0;
  std::int64_t steps = 1;
};

/// Where episodes come from. An episode is a pure function of its number, so that any run can go on anywhere.
class DataSource {
 public:
  virtual ~DataSource() = default;
  /// Steps of an episode.
  virtual std::int64_t steps() const = 0;
  /// How many different episodes there are; no value: new ones without end. Episodes beyond them start over.
  virtual std::optional<std::int64_t> episodes() const = 0;
  /// Writes what one input (by its place among the ports) reads during a window: [steps, batch, shape], or
  /// [batch, shape] for an input with one value an episode.
  virtual void Fill(size_t port, const EpisodeWindow& window, std::span<float> out) = 0;
  virtual void Fill(size_t port, const EpisodeWindow& window, std::span<double> out) = 0;
  /// Bytes that the source keeps in memory.
  virtual std::int64_t bytes() const = 0;
};

/// What episodes are for. The two never share an episode of `patterns`; an `npy` source is shuffled for
/// training only; of `images` evaluation sees those held out, in the order of the files.
enum class DataUse { kTraining, kEvaluation };

struct DataContext {
  std::vector<InputPort> ports;
  std::uint64_t seed = 0;
  DataUse use = DataUse::kTraining;
  std::string folder;  ///< of the model file, to which paths are relative
};

/// Throws Error(kInvalid) when the data do not feed every input with its shape, Error(kRuntime) when a file
/// cannot be read.
std::unique_ptr<DataSource> MakeDataSource(const Data& data, const DataContext& context, FileSystem& files);

std::unique_ptr<DataSource> MakePatternsSource(const Patterns& patterns, const DataContext& context);
std::unique_ptr<DataSource> MakeNpySource(const Npy& npy, const DataContext& context, FileSystem& files);
std::unique_ptr<DataSource> MakeImagesSource(const Images& images, const DataContext& context,
                                             FileSystem& files);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_DATA_SOURCE_H_
