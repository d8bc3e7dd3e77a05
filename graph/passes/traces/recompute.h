#ifndef PLGRAPH_GRAPH_PASSES_TRACES_RECOMPUTE_H_
#define PLGRAPH_GRAPH_PASSES_TRACES_RECOMPUTE_H_

#include "graph/ir/compile_options.h"
#include "graph/ir/graph.h"
#include "graph/ir/node_map.h"

namespace plgraph {

/// Whether matrices are recomputed at all: in so few steps all of them are kept, unless a user forces it.
bool Recomputes(const PlannedFor& planned);

/// For each node that has to be recomputed, the matrix for whose sake: one that the backward pass reads, that no
/// inversion gives back (`given_back`), and of which not all steps are kept as an output or because a user wants it.
NodeMap<Value> RecomputedFor(const PlannedFor& planned, const Graph& graph, const NodeMap<bool>& given_back);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PASSES_TRACES_RECOMPUTE_H_
