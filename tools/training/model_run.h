#ifndef PLGRAPH_TOOLS_TRAINING_MODEL_RUN_H_
#define PLGRAPH_TOOLS_TRAINING_MODEL_RUN_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"
#include "graph/run/executor.h"
#include "tools/training/data_source.h"
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

/// Which steps of a run are of interest.
enum class StepsTaken {
  kAll,
  kLast,  ///< a result has the value at the last step of each episode, and no axis of steps
};

/// Runs a model forward as Evaluator does, from episode 0 of a source on, for the sake of some values.
class ModelRun {
 public:
  /// Compiles and takes the memory. `episodes`: how many; not more than the source has. Throws Error(kInvalid) for an
  /// unknown output.
  ModelRun(const LoadedModel& loaded, std::shared_ptr<DataSource> data, std::int64_t episodes,
           std::vector<std::string> outputs, const Services& services, StepsTaken taken = StepsTaken::kAll);
  ~ModelRun();

  /// Whose parameters are used; the caller sets them.
  Executor<float>& executor();
  /// The outputs, in their order. Kept states start from their initial value.
  std::vector<RunResult> Run();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_MODEL_RUN_H_
