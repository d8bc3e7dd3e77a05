#ifndef PLGRAPH_TOOLS_TRAINING_SNAPSHOT_H_
#define PLGRAPH_TOOLS_TRAINING_SNAPSHOT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "graph/executor.h"
#include "serialization/checkpoint.h"
#include "tools/training/loaded_model.h"
#include "tools/training/tensor_match.h"

namespace plgraph {

/// How far a training run is.
struct TrainingPosition {
  std::int64_t episode = 0;  ///< training episodes done
  std::int64_t update = 0;   ///< updates done
  std::optional<double> best_loss = std::nullopt;
  std::int64_t rollbacks = 0;  ///< each halves the learning rate
};

/// All that the run needs to go on. Throws NotFiniteError when one of its numbers is not finite, so that a run gone
/// wrong never replaces a sound checkpoint.
Checkpoint TakeSnapshot(const LoadedModel& loaded, const TrainingPosition& position,
                        Executor<float>& executor);

/// Where a run goes on, and, with Coverage::kSome, what of the checkpoint did not match, to be shown; or "".
struct RestoredRun {
  TrainingPosition position;
  std::string differences;
};

/// Puts a run back to where a checkpoint was taken. `path` is for messages. Throws Error(kInvalid) when the model's
/// name, its seed or its optimizer is another one, or when more tensors differ than `coverage` allows. What does not
/// match is left as it is.
RestoredRun RestoreSnapshot(const Checkpoint& checkpoint, const std::string& path, const LoadedModel& loaded,
                            Coverage coverage, Executor<float>& executor);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_SNAPSHOT_H_
