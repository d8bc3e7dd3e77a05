#ifndef PLGRAPH_GRAPH_RUN_RUN_CONTEXT_H_
#define PLGRAPH_GRAPH_RUN_RUN_CONTEXT_H_

#include <cstdint>

namespace plgraph {

/// What the numbers of one run depend on beside inputs and parameters.
struct RunContext {
  std::uint64_t seed = 0;           ///< of the random ops
  std::uint64_t first_episode = 0;  ///< the number of the episode of sample 0; the others follow
  std::int64_t first_step = 0;      ///< the step of the episode at which this run (a window) starts
  bool continue_states = false;     ///< all states go on from the run before (false: only the kept ones)
  bool last_window = true;          ///< this run holds the last step of the episode
  double gradient_scale = 1;        ///< times the gradient of the mean loss of this run

  /// Whether the run is the first of a training: before it nothing has changed the kept states.
  bool StartsTraining() const { return first_episode == 0 && !continue_states; }
};

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_RUN_RUN_CONTEXT_H_
