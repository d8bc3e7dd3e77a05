#ifndef PLGRAPH_TESTS_TRAINING_SMALL_MODEL_H_
#define PLGRAPH_TESTS_TRAINING_SMALL_MODEL_H_

#include <string>

namespace plgraph {

/// A plastic network of 12 neurons on patterns: episodes of 13 steps, trained in a blink.
inline const std::string kSmallModel = R"(
name: "small"
dim { name: "n" size: 12 }
input { name: "cue" shape: "n" }
input { name: "target" shape: "n" }
parameter { name: "w" shape: ["n", "n"] normal { stddev: 0.1 } }
parameter { name: "alpha" shape: ["n", "n"] normal { stddev: 0.1 } }
parameter { name: "eta" constant { value: 0.1 } }
parameter { name: "fixed" shape: "n" uniform { } trainable: false }
state { name: "y" shape: "n" next: "y_next" }
state { name: "hebb" shape: ["n", "n"] next: "hebb_next" }
node { name: "recurrent" plastic_matmul { x: "y" weight: "w" plasticity: "alpha" trace: "hebb" } }
node { name: "drive" add { a: "recurrent" b: "cue" } }
node { name: "biased" add { a: "drive" b: "fixed" } }
node { name: "y_next" tanh { x: "biased" } }
node { name: "hebb_next" hebbian_trace { trace: "hebb" pre: "y" post: "y_next" rate: "eta" rule: HEBB } }
node { name: "error" squared_error { prediction: "y_next" target: "target" } }
loss { value: "error" at: LAST_STEP }
metric { name: "error_rate" sign_error { prediction: "y_next" target: "target" } at: LAST_STEP }
train {
  episodes: 60  batch: 2  seed: 1
  adam { learning_rate: 3e-3 }
  data { patterns { patterns: 2 presentations: 1 show_steps: 3 gap_steps: 2 query_steps: 3 degrade: 0.5 scale: 5 } }
  checkpoints { last_every: 20 }
}
)";

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_TRAINING_SMALL_MODEL_H_
