#ifndef PLGRAPH_TESTS_SUPPORT_GRAPH_MAKER_H_
#define PLGRAPH_TESTS_SUPPORT_GRAPH_MAKER_H_

#include <string>
#include <vector>

#include "graph/ir/graph.h"
#include "graph/ir/op_registry.h"

namespace plgraph {

/// Builds a graph as the reader of model files does: nodes without shapes, which CheckGraph fills in.
class GraphMaker {
 public:
  Value Input(const std::string& name, const Shape& shape, bool per_step = true) {
    return Source(name, NodeKind::kInput, shape, {.sample = true, .step = per_step});
  }
  Value Parameter(const std::string& name, const Shape& shape) {
    const Value value = Source(name, NodeKind::kParameter, shape, {});
    graph.node(value).trainable = true;
    return value;
  }
  /// Close it with Next.
  Value AddState(const std::string& name, const Shape& shape) {
    return Source(name, NodeKind::kState, shape, {.sample = true, .step = true});
  }
  State& Next(Value state, Value next) {
    graph.states.push_back({.value = state, .next = next});
    return graph.states.back();
  }
  Value Op(const std::string& name, std::string_view op, std::vector<Value> operands,
           std::vector<AttributeValue> attributes = {}) {
    Node node;
    node.name = name;
    node.op = &GetOp(op);
    node.operands = std::move(operands);
    const std::vector<OperandDef>& all = node.op->operands;  // those that are not given are absent
    if (!(all.size() == 1 && all[0].repeated)) node.operands.resize(all.size());
    node.attributes = std::move(attributes);
    return graph.Add(std::move(node));
  }
  Term& Loss(Value value, TermAt at = TermAt::kLastStep, Value weight = {}, double scale = 1) {
    graph.terms.push_back({.name = graph.node(value).name,
                           .value = value,
                           .at = at,
                           .weight = weight,
                           .scale = scale,
                           .is_loss = true});
    return graph.terms.back();
  }
  Term& Metric(const std::string& name, Value value, TermAt at = TermAt::kLastStep) {
    graph.terms.push_back({.name = name, .value = value, .at = at});
    return graph.terms.back();
  }

  Graph graph;

 private:
  Value Source(const std::string& name, NodeKind kind, const Shape& shape, Variance variance) {
    Node node;
    node.name = name;
    node.kind = kind;
    node.shape = shape;
    node.variance = variance;
    return graph.Add(std::move(node));
  }
};

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_SUPPORT_GRAPH_MAKER_H_
