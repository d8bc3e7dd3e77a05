#ifndef PLGRAPH_GRAPH_IR_REACH_H_
#define PLGRAPH_GRAPH_IR_REACH_H_

#include <string>
#include <vector>

#include "graph/ir/graph.h"
#include "graph/ir/node_map.h"

namespace plgraph {

/// For each node, whether its value depends on any of `sources` within one step.
NodeMap<bool> DependsOn(const Graph& graph, const std::vector<Value>& sources);

/// For each node, whether any of `targets` depends on it within one step.
NodeMap<bool> LeadsTo(const Graph& graph, const std::vector<Value>& targets);

/// For each node, whether any of `targets` depends on it within one step or at another one: through states, and their
/// initial values.
NodeMap<bool> LeadsToInTime(const Graph& graph, std::vector<Value> targets);

/// For each node, whether a gradient with respect to some trainable parameter flows through it: it depends on
/// one through differentiable ops, within the step or from step to step.
NodeMap<bool> DependsOnTrained(const Graph& graph);

/// The controls that hold dtotal/dterm of the losses; none before the pass "autodiff".
std::vector<Value> Seeds(const Graph& graph);

/// The values of the states that run forward (or, with `adjoint`, back), and what they become.
std::vector<Value> StateValues(const Graph& graph, bool adjoint);
std::vector<Value> StateNexts(const Graph& graph, bool adjoint);

/// For each node of a graph without an adjoint, whether it is computed in the loop over the steps: it depends on a
/// state, and a state depends on it.
NodeMap<bool> InLoop(const Graph& graph);

/// For each node, whether it is in the backward pass: it depends on a seed or on a state that runs back.
NodeMap<bool> BackwardNodes(const Graph& graph);

/// Whether one of the names is the value's.
bool IsAmong(const Graph& graph, const std::vector<std::string>& names, Value value);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_IR_REACH_H_
