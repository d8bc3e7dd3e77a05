#ifndef PLGRAPH_TOOLS_TRAINING_SNAPSHOT_H_
#define PLGRAPH_TOOLS_TRAINING_SNAPSHOT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "graph/executor.h"
#include "serialization/checkpoint.h"
#include "tools/training/loaded_model.h"

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

/// Puts a run back to where a checkpoint was taken. `path` is for messages. Throws Error(kInvalid) when the model,
/// its seed, its optimizer or (with kept states) its batch is another one.
TrainingPosition RestoreSnapshot(const Checkpoint& checkpoint, const std::string& path,
                                 const LoadedModel& loaded, Executor<float>& executor);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_SNAPSHOT_H_
