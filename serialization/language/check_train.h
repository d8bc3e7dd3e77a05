#ifndef PLGRAPH_SERIALIZATION_LANGUAGE_CHECK_TRAIN_H_
#define PLGRAPH_SERIALIZATION_LANGUAGE_CHECK_TRAIN_H_

#include "core/diagnostics.h"
#include "graph/ir/graph.h"
#include "serialization/language/model.pb.h"
#include "serialization/language/model_locations.h"

namespace plgraph {

/// Reports every fault of what stands in a model's `train`: numbers out of their range, data for inputs that
/// do not exist or do not fit, inputs that get no data. Files of data are not opened. `graph` is the model's.
void CheckTrain(const Model& model, const ModelLocations& locations, const Graph& graph,
                Diagnostics& diagnostics);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_LANGUAGE_CHECK_TRAIN_H_
