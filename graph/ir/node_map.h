#ifndef PLGRAPH_GRAPH_IR_NODE_MAP_H_
#define PLGRAPH_GRAPH_IR_NODE_MAP_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "graph/ir/op_def.h"

namespace plgraph {

/// Something for each node of a graph: all that is known of nodes outside the graph itself stands in such maps. A
/// node that is added later has no entry.
template <typename T>
class NodeMap {
 public:
  using Reference = typename std::vector<T>::reference;
  using ConstReference = typename std::vector<T>::const_reference;

  NodeMap() = default;
  /// For `nodes` nodes (Graph::size()), `entry` for each.
  explicit NodeMap(int nodes, T entry = T{}) : entries_(static_cast<size_t>(nodes), std::move(entry)) {}

  Reference operator[](Value node) { return entries_[static_cast<size_t>(node.id)]; }
  ConstReference operator[](Value node) const { return entries_[static_cast<size_t>(node.id)]; }
  /// Whether the node was there when the map was made.
  bool Covers(Value node) const { return static_cast<size_t>(node.id) < entries_.size(); }
  int size() const { return static_cast<int>(entries_.size()); }

  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  std::vector<T> entries_;
};

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_IR_NODE_MAP_H_
