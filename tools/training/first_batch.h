#ifndef PLGRAPH_TOOLS_TRAINING_FIRST_BATCH_H_
#define PLGRAPH_TOOLS_TRAINING_FIRST_BATCH_H_

#include <memory>
#include <string>
#include <vector>

#include "core/named_tensor.h"
#include "graph/run/executor.h"
#include "tools/training/loaded_model.h"
#include "tools/training/services.h"

namespace plgraph {

struct FirstBatchOptions {
  bool training = true;  ///< with gradients, and with what only training has, such as dropout
  /// Run in place of the model's own graph, with the same inputs and parameters; what it has besides, the caller fills.
  /// Null: the model's own.
  const Graph* graph = nullptr;
  std::vector<std::string> outputs = {};  ///< as in CompileOptions
};

/// A model with its first batch of training episodes (with truncate_steps: their first window, as if it were the
/// last), for looking at its loss and gradients. `loaded` must outlive it.
template <typename T>
class FirstBatch {
 public:
  /// Parameters have the values that the initializers give them.
  FirstBatch(const LoadedModel& loaded, const Services& services, const FirstBatchOptions& options = {});

  Executor<T>& executor() { return *executor_; }
  const Executable& executable() const { return executable_; }
  /// Runs forward; the total loss, the mean over the batch. The same parameters give the same loss, always.
  double Loss();
  /// Runs back. Gradients of all trainable parameters, by name, in the order of the model. After Loss.
  NamedTensors Gradients();

 private:
  RunContext Context() const;

  const LoadedModel& loaded_;
  std::unique_ptr<DataSource> data_;
  Executable executable_;
  std::unique_ptr<Executor<T>> executor_;
};

extern template class FirstBatch<float>;
extern template class FirstBatch<double>;

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_FIRST_BATCH_H_
