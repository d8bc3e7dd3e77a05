#ifndef PLGRAPH_GRAPH_IR_REWRITER_H_
#define PLGRAPH_GRAPH_IR_REWRITER_H_

#include <functional>
#include <vector>

#include "graph/ir/graph.h"
#include "graph/ir/node_map.h"

namespace plgraph {

/// Moves a graph into a new one, node by node, in topological order, and lets a pass put something else in a node's
/// place.
class Rewriter {
 public:
  /// `from` keeps only the names of the nodes that were taken or kept.
  explicit Rewriter(Graph& from);

  const Graph& from() const { return *from_; }
  Graph& to() { return to_; }
  /// The new value in place of an old one that has been visited.
  Value Map(Value old) const { return old ? map_[old] : Value{}; }
  std::vector<Value> Map(const std::vector<Value>& old) const;
  /// Moves the old node out, with its operands mapped.
  Node Take(Value old);
  /// Moves the old node into the new graph as it is.
  Value Keep(Value old) { return to_.Add(Take(old)); }

  /// Calls `visit(old)` for each node for which `keep` is set; what it returns takes the node's place. Then
  /// carries over states, terms, gradients and updates, and returns the new graph.
  Graph Run(const NodeMap<bool>& keep, const std::function<Value(Value old)>& visit);

 private:
  void CarryOver();
  void CarryOverName(const std::string& name, Value old);

  Graph* from_;
  Graph to_;
  NodeMap<Value> map_;
};

/// For each node, whether a state, a loss, a metric, a gradient, an update or a value named in `outputs` needs it.
/// Sources are needed in any case, so that an unused input or parameter keeps its place.
NodeMap<bool> LiveNodes(const Graph& graph, const std::vector<std::string>& outputs);

/// Drops the nodes that nothing needs.
void DropDeadNodes(Graph& graph, const std::vector<std::string>& outputs);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_IR_REWRITER_H_
