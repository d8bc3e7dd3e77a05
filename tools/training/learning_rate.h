#ifndef PLGRAPH_TOOLS_TRAINING_LEARNING_RATE_H_
#define PLGRAPH_TOOLS_TRAINING_LEARNING_RATE_H_

#include <cstdint>

#include "serialization/language/model.pb.h"

namespace plgraph {

/// The learning rate of the update number `update`, from 0 on, of `total_updates`: a pure function, so that a
/// resumed run goes on as if it had never stopped. With w = warmup_updates, update u < w has (u + 1) / (w + 1)
/// of the optimizer's rate; the schedule counts its updates from w on.
double LearningRate(const Train& train, std::int64_t update, std::int64_t total_updates);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_LEARNING_RATE_H_
