#ifndef PLGRAPH_TOOLS_TRAINING_DATA_SOURCE_H_
#define PLGRAPH_TOOLS_TRAINING_DATA_SOURCE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/file_system.h"
#include "core/memory_budget.h"
#include "core/shape.h"
#include "graph/ir/graph.h"
#include "serialization/language/model.pb.h"

namespace plgraph {

/// What a node expects of a scalar input that tells it a class or a row.
struct IndexLimit {
  std::string node;        ///< `node "error" (CrossEntropy)`
  std::int64_t count = 0;  ///< every number is whole, from 0 on, and less
};

/// An input of a model as data sees it.
struct InputPort {
  std::string name;
  Shape shape;
  bool per_step = true;                  ///< false: one value for a whole episode
  std::optional<IndexLimit> limit = {};  ///< the smallest of the nodes that read it
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

/// What a source of episodes is, for people and for programs.
struct DataFacts {
  std::string name;  ///< the kind and its files as the model names them: `npy x.npy, label.npy`
  /// How many episodes or images of files its episodes are made of; no value: none, they are made from the seed.
  std::optional<std::int64_t> records;
  std::string_view record_name = "episodes";  ///< what the records are: episodes or images
  /// Of an evaluation: how many of the records training takes as well; where there are none, 0: other draws. No value:
  /// the model has no data for training.
  std::optional<std::int64_t> seen;
  std::string note;  ///< what was guessed when the files were read; "": nothing
};

/// `500 distinct episodes of images t10k, drawn from 10000 images; training sees none of them`: what an evaluation over
/// so many episodes was measured on.
std::string EvaluatedText(const DataFacts& facts, std::int64_t episodes);

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
  virtual DataFacts facts() const = 0;
};

/// What episodes are for. The two never share an episode of `patterns`; an `npy` source is shuffled for
/// training only; of `images` evaluation sees those held out, in the order of the files.
enum class DataUse { kTraining, kEvaluation };

struct DataContext {
  std::vector<InputPort> ports;
  std::uint64_t seed = 0;
  DataUse use = DataUse::kTraining;
  std::string folder;                    ///< of the model file, to which paths are relative
  const MemoryBudget* memory = nullptr;  ///< from which the data are taken; null: there is enough
  const Data* training = nullptr;        ///< of an evaluation: what training reads; null: nothing
};

/// Whether two paths lead to one file or folder; false if there is none.
bool IsSameFile(FileSystem& files, const std::string& a, const std::string& b);

/// Throws Error(kInvalid) when the data do not feed every input with its shape, Error(kRuntime) when a file
/// cannot be read.
std::unique_ptr<DataSource> MakeDataSource(const Data& data, const DataContext& context, FileSystem& files);

std::unique_ptr<DataSource> MakePatternsSource(const Patterns& patterns, const DataContext& context);
std::unique_ptr<DataSource> MakeNpySource(const Npy& npy, const DataContext& context, FileSystem& files);
std::unique_ptr<DataSource> MakeImagesSource(const Images& images, const DataContext& context,
                                             FileSystem& files);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_DATA_SOURCE_H_
