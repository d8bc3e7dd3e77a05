#ifndef PLGRAPH_GRAPH_PASSES_PASS_H_
#define PLGRAPH_GRAPH_PASSES_PASS_H_

#include <string_view>

#include "graph/compile.h"
#include "graph/ir/op_def.h"

namespace plgraph {

/// Of what every sample has at every step.
constexpr Variance kFull = {.sample = true, .step = true};

/// Whether a node is of the op of this name.
inline bool IsOp(const Node& node, std::string_view op) { return node.op != nullptr && node.op->name == op; }

/// Replaces the ops that are compositions by what they are composed of, and outside training the ops that
/// only training has by their operand.
void ExpandCompositions(const PlannedFor& options, Graph& graph);

/// Takes the largest elements of windows before a Relu rather than behind it.
void PoolBeforeRelu(const PlannedFor& options, Graph& graph);

/// Gives every loss and metric a value of its own, one a sample, and every state a `next` of its own.
void PrepareTerms(const PlannedFor& options, Graph& graph);

/// Appends the nodes of the gradient with respect to every trainable parameter, through time. Does nothing
/// outside training.
void AppendAdjoint(const PlannedFor& options, Graph& graph);

/// Merges equal nodes, replaces patterns by ops that do the same at less cost, and drops what nothing needs.
void Simplify(const PlannedFor& options, Graph& graph);

/// Puts sums over the updates so far in the place of traces, where that costs less.
void FactorTraces(const PlannedFor& options, Graph& graph);

/// Marks what the way back makes anew by running updates again, because it can neither be inverted nor is small
/// enough to be kept for all steps. Does nothing outside training, or where the steps are few.
void MarkReplayed(const PlannedFor& options, Graph& graph);

/// Whether the way back can invert the update of a state.
bool CanRewind(const PlannedFor& options, const Graph& graph, const State& state);

/// Lets the way back invert the updates of traces, so that they need not be kept for all steps. Leaves alone
/// what is replayed. Does nothing outside training.
void RewindTraces(const PlannedFor& options, Graph& graph);

/// Decides when each node runs.
void AssignPhases(const PlannedFor& options, Graph& graph);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PASSES_PASS_H_
