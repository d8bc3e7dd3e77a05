#ifndef PLGRAPH_TOOLS_TRAINING_EVALUATOR_H_
#define PLGRAPH_TOOLS_TRAINING_EVALUATOR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "graph/run/executor.h"
#include "tools/training/data_source.h"
#include "tools/training/loaded_model.h"
#include "tools/training/services.h"
#include "tools/training/term_means.h"

namespace plgraph {

/// Measures a model on the episodes of evaluations, always the same ones, from number 0 on. The facts of its data say
/// whether training sees them too.
class Evaluator {
 public:
  /// Reads the data and compiles; the memory of a run is taken at the first use of executor(). `episodes`: how many; not
  /// more than the source has (of a file: one pass). `outputs`: values that can be read after each batch. `loaded` must
  /// outlive it.
  Evaluator(const LoadedModel& loaded, const Services& services, std::int64_t episodes,
            const std::vector<std::string>& outputs = {});

  std::int64_t episodes() const { return episodes_; }
  const Executable& executable() const { return executable_; }
  /// Of the episodes.
  const std::shared_ptr<DataSource>& data() const { return data_; }
  /// Whose parameters are measured.
  Executor<float>& executor();
  /// Kept states start from their initial value. Calls `after_batch` with how many of its samples count. Throws
  /// Error(kRuntime) when the loss is not finite.
  Measures Evaluate(const std::function<void(std::int64_t count)>& after_batch = {});

 private:
  const LoadedModel& loaded_;
  Services services_;
  std::shared_ptr<DataSource> data_;
  std::int64_t episodes_;
  Executable executable_;
  std::unique_ptr<Executor<float>> executor_;
};

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_EVALUATOR_H_
