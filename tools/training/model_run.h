#ifndef PLGRAPH_TOOLS_TRAINING_MODEL_RUN_H_
#define PLGRAPH_TOOLS_TRAINING_MODEL_RUN_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "graph/executor.h"
#include "serialization/named_tensor.h"
#include "tools/training/loaded_model.h"
#include "tools/training/services.h"

namespace plgraph {

/// What a run made of one output: [episodes, T, shape], without the axes along which it has only one instance.
struct RunResult {
  std::string name;
  Tensor tensor;
  Variance variance;
};

/// The value of a model that an output is named after. `option` is for messages. Throws Error(kInvalid).
Value FindOutput(const LoadedModel& loaded, const std::string& name, std::string_view option);

/// All inputs of the first `count` episodes that evaluations take, as ModelRun wants them; fewer where the data have
/// fewer.
NamedTensors ReadEpisodes(const LoadedModel& loaded, std::int64_t count, FileSystem& files);

/// Runs a model forward on given inputs: [episodes, T, shape], or [episodes, shape] for an input with one value an
/// episode; those that no output depends on may be missing. Every episode starts from the states' initial values.
class ModelRun {
 public:
  /// Compiles and takes the memory. Throws Error(kInvalid) for a missing or unknown input, a wrong shape or an
  /// unknown output.
  ModelRun(const LoadedModel& loaded, NamedTensors inputs, std::vector<std::string> outputs,
           const Services& services);
  ~ModelRun();

  /// Whose parameters are used; the caller sets them.
  Executor<float>& executor();
  /// The outputs, in their order.
  std::vector<RunResult> Run();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_MODEL_RUN_H_
