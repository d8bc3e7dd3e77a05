#ifndef PLGRAPH_TOOLS_TRAINING_BATCH_STATISTICS_H_
#define PLGRAPH_TOOLS_TRAINING_BATCH_STATISTICS_H_

#include "tools/training/loaded_model.h"

namespace plgraph {

/// Throws Error(kInvalid) with every node that takes the mean and variance of a batch (BatchNorm), if these were those of
/// a single number for each channel in a training with these options: its variance is 0, so the result is the bias alone,
/// and nothing before the node learns.
void CheckBatchStatistics(const LoadedModel& loaded, const CompileOptions& options);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_BATCH_STATISTICS_H_
