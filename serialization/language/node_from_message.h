#ifndef PLGRAPH_SERIALIZATION_LANGUAGE_NODE_FROM_MESSAGE_H_
#define PLGRAPH_SERIALIZATION_LANGUAGE_NODE_FROM_MESSAGE_H_

#include <google/protobuf/message.h>

#include <string>

#include "core/diagnostics.h"
#include "graph/ir/graph.h"
#include "serialization/language/model_locations.h"
#include "serialization/language/name_table.h"

namespace plgraph {

/// An op as it stands in a node or a metric: its message, and where that is written.
struct OpText {
  std::string owner;                              ///< `node "h"`, for messages
  const google::protobuf::Message* op = nullptr;  ///< e.g. a PlasticMatMul; null if there is none
  ModelLocations::Place where;
};

/// Sets a node's op and its attributes, and makes room for its operands. What does not hold is reported; a
/// node with a fault in its message is left without op, so that nobody asks for its shape.
void SetOp(Node& node, const OpText& text, const NameTable& names, Diagnostics& diagnostics);

/// Connects a node of the graph with its operands. Called when all names are known.
void SetOperands(Graph& graph, Value value, const OpText& text, const NameTable& names,
                 Diagnostics& diagnostics);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_LANGUAGE_NODE_FROM_MESSAGE_H_
