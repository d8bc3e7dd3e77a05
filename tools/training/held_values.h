#ifndef PLGRAPH_TOOLS_TRAINING_HELD_VALUES_H_
#define PLGRAPH_TOOLS_TRAINING_HELD_VALUES_H_

#include <string>
#include <vector>

#include "graph/ir/graph.h"

namespace plgraph {

/// A value that the gradient holds constant although the value follows from trained parameters.
struct HeldValue {
  std::string value;  ///< its name in the graph of the model
  std::string input;  ///< the name of what stands in its place in HeldGraph::graph
};

/// A graph in which everything is given that the gradient holds constant.
struct HeldGraph {
  Graph graph;
  std::vector<HeldValue>
      held;  ///< inputs of `graph`, or parameters where all samples and steps share the value
};

/// Puts an input in the place of every value through which the ops say that no gradient flows, as far as a loss depends
/// on it and it depends on a trained parameter: the result of an op that is not differentiable (StopGradient, Sign), and
/// an operand that an op holds (OperandDef::held: the condition of Where). With these at the values that they have for
/// some parameters, the derivative of the loss at these parameters is what the gradient claims to be. `expanded` has no
/// compositions (ExpandCompositions).
HeldGraph HoldConstants(const Graph& expanded);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_HELD_VALUES_H_
