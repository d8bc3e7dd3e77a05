#ifndef PLGRAPH_TOOLS_TRAINING_SNAPSHOT_H_
#define PLGRAPH_TOOLS_TRAINING_SNAPSHOT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "graph/run/executor.h"
#include "serialization/state/checkpoint.h"
#include "tools/training/loaded_model.h"
#include "tools/training/tensor_match.h"
#include "tools/training/term_means.h"

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

/// Adds to a checkpoint what a run that was stopped between two lines and checkpoints has besides: half gathered means,
/// as the state "training/<name>". Means of no episode are left out.
void AddMeans(const std::string& name, const TermMeans& means, Checkpoint& checkpoint);
/// Takes them out again; means that the checkpoint does not have are cleared.
void TakeMeans(const std::string& name, TermMeans& means, Checkpoint& checkpoint);

/// Where a run goes on, and, with Coverage::kSome, what of the checkpoint did not match, to be shown; or "".
struct RestoredRun {
  TrainingPosition position;
  std::string differences;
};

/// Throws Error(kInvalid) when a checkpoint was made by a model of another name, or with another seed or optimizer.
/// `path` is for messages.
void CheckSameRun(const Checkpoint& checkpoint, const std::string& path, const LoadedModel& loaded);

/// Puts a run back to where a checkpoint was taken. `path` is for messages. Throws Error(kInvalid) when more tensors
/// differ than `coverage` allows. What does not match is left as it is.
RestoredRun RestoreSnapshot(const Checkpoint& checkpoint, const std::string& path, Coverage coverage,
                            Executor<float>& executor);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_SNAPSHOT_H_
