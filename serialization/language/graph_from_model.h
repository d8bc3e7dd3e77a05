#ifndef PLGRAPH_SERIALIZATION_LANGUAGE_GRAPH_FROM_MODEL_H_
#define PLGRAPH_SERIALIZATION_LANGUAGE_GRAPH_FROM_MODEL_H_

#include "core/diagnostics.h"
#include "graph/ir/graph.h"
#include "serialization/language/model.pb.h"
#include "serialization/language/model_locations.h"

namespace plgraph {

/// The graph that a model describes: inputs, parameters, states and nodes in the order of the file, then the
/// nodes that metrics bring along. Names are resolved and sizes known; shapes of nodes are left to
/// CheckGraph. Every fault is reported and the rest is built all the same: what could not be resolved is left
/// out, and an operand that could not be resolved is absent, so that CheckGraph can go on with the sound
/// part.
Graph GraphFromModel(const Model& model, const ModelLocations& locations, Diagnostics& diagnostics);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_LANGUAGE_GRAPH_FROM_MODEL_H_
