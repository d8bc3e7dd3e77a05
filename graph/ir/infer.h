#ifndef PLGRAPH_GRAPH_IR_INFER_H_
#define PLGRAPH_GRAPH_IR_INFER_H_

#include "graph/ir/graph.h"

namespace plgraph {

/// Infers the shape of an op node from the shapes of its operands. Throws ShapeError with what does not fit.
Shape InferShape(const Graph& graph, const Node& node);

/// Infers for which samples and steps an op node has values of their own.
Variance InferVariance(const Graph& graph, const Node& node);

/// Infers both for every op node, in topological order; a misfit is an internal fault.
void InferShapes(Graph& graph);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_IR_INFER_H_
