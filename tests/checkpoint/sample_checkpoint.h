#ifndef PLGRAPH_TESTS_CHECKPOINT_SAMPLE_CHECKPOINT_H_
#define PLGRAPH_TESTS_CHECKPOINT_SAMPLE_CHECKPOINT_H_

#include <cmath>

#include "serialization/state/checkpoint.h"

namespace plgraph {

/// A little of everything that a checkpoint may hold.
inline Checkpoint SampleCheckpoint() {
  return {.model = "m",
          .optimizer = "adam",
          .episode = 12,
          .update = 3,
          .seed = 18446744073709551615U,
          .data_position = 12,
          .best_metric = 0.25,
          .parameters = {{"w", Tensor({2, 2}, std::vector<float>{1, 2, 3, 4})},
                         {"eta", Tensor({}, std::vector<float>{0.01F})}},
          .moments = {{MomentName("w", 0), Tensor({2, 2}, std::vector<float>{5, 6, 7, 8})}},
          .states = {{"h", Tensor({3}, std::vector<double>{1e300, -0.0, INFINITY})}}};
}

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_CHECKPOINT_SAMPLE_CHECKPOINT_H_
