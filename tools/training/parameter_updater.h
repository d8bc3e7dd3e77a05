#ifndef PLGRAPH_TOOLS_TRAINING_PARAMETER_UPDATER_H_
#define PLGRAPH_TOOLS_TRAINING_PARAMETER_UPDATER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/threads.h"
#include "graph/run/executor.h"
#include "serialization/language/model.pb.h"
#include "tools/training/gradient_limit.h"

namespace plgraph {

/// Changes the parameters of an executor by their gradients, as `train` says. Owns none of them: all must outlive
/// it.
class ParameterUpdater {
 public:
  ParameterUpdater(const Train& train, Executor<float>& executor, ThreadPool& threads);

  /// For an executable that accumulates: adds the gradients of the last Backward to their sums; `first`: these
  /// begin with them.
  void Accumulate(bool first);
  /// Takes the gradients, or their sums where the executable accumulates. `update` counts from 0. Returns whether
  /// what the optimizer keeps is finite afterwards.
  bool Update(std::int64_t update, double rate);

 private:
  std::span<float> GradientOf(size_t index);

  const Train& train_;
  Executor<float>& executor_;
  ThreadPool& threads_;
  std::vector<size_t> trained_;  // places in Graph::gradients that have a gradient
  std::vector<std::span<const float>>
      gradients_;  // in the same order; kept, so that an update allocates nothing
  std::unique_ptr<GradientNorm<float>> norm_;
};

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_PARAMETER_UPDATER_H_
