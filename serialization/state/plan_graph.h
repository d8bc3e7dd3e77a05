#ifndef PLGRAPH_SERIALIZATION_STATE_PLAN_GRAPH_H_
#define PLGRAPH_SERIALIZATION_STATE_PLAN_GRAPH_H_

#include <string>

#include "graph/ir/graph.h"
#include "serialization/state/plan.pb.h"

namespace plgraph {

/// Writes the nodes, states, terms, gradients, updates, trace notes and other names of a graph.
void WriteGraph(const Graph& graph, PlanFile& file);

/// The graph that WriteGraph wrote. Believes nothing that can be checked: every reference, every op name, the numbers of
/// operands and attributes, shapes and variances. Throws Error(kRuntime) that names `path` and what is wrong.
Graph ReadGraph(const PlanFile& file, const std::string& path);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_STATE_PLAN_GRAPH_H_
