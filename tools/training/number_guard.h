#ifndef PLGRAPH_TOOLS_TRAINING_NUMBER_GUARD_H_
#define PLGRAPH_TOOLS_TRAINING_NUMBER_GUARD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/run/executor.h"
#include "tools/training/loaded_model.h"
#include "tools/training/number_trace.h"
#include "tools/training/services.h"

namespace plgraph {

/// Sees to it that a training goes on with finite numbers only. While all is well it costs one pass over the gradients
/// and a copy of the states that go on from run to run. All that it is made of must outlive it.
class NumberGuard {
 public:
  NumberGuard(const LoadedModel& loaded, const Services& services, Executor<float>& executor);

  /// Before training. Throws NotFiniteError for a parameter that is not finite; `path` says from where it is.
  void CheckStart(const std::string& path);
  /// Before each run.
  void Begin(const RunContext& context, std::int64_t update);
  /// After Forward; `sample`: of which a loss is not finite. Throws NotFiniteError with where that came from.
  void CheckLoss(std::optional<std::int64_t> sample);
  /// After Backward; likewise.
  void CheckGradients();
  /// After an update of the parameters: `finite` is what it says of the numbers that the optimizer keeps. Throws
  /// NotFiniteError with the parameter.
  void CheckMoments(bool finite, std::int64_t update);

 private:
  [[noreturn]] void Fail(const std::string& what);
  [[noreturn]] void FailAtMoment(size_t index, int slot, size_t at, std::int64_t update);

  const LoadedModel& loaded_;
  const Services services_;
  FailedRun run_;  // should it fail
};

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_NUMBER_GUARD_H_
