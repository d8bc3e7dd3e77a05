#ifndef PLGRAPH_GRAPH_IR_NODE_BUILDER_H_
#define PLGRAPH_GRAPH_IR_NODE_BUILDER_H_

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/ir/graph.h"

namespace plgraph {

/// Appends nodes to a graph, with their shape and variance inferred at once. Compositions and adjoints are
/// written with it; they see operands and results as values and never as numbers.
class NodeBuilder {
 public:
  /// New nodes are named after `source`, "<name>/<op>", and made for it.
  NodeBuilder(Graph& graph, const Node& source) : graph_(&graph), source_(MadeFor(source, source.name)) {}

  /// A node of the op named `op`; the attributes in the order of its definition.
  Value Apply(std::string_view op, std::vector<Value> operands, std::vector<AttributeValue> attributes = {});

  Value Add(Value a, Value b) { return Apply("Add", {a, b}); }
  Value Sub(Value a, Value b) { return Apply("Sub", {a, b}); }
  Value Mul(Value a, Value b) { return Apply("Mul", {a, b}); }
  Value Div(Value a, Value b) { return Apply("Div", {a, b}); }
  Value Neg(Value x) { return Scale(x, -1); }
  /// factor x + offset.
  Value Scale(Value x, double factor, double offset = 0) { return Apply("Scale", {x}, {factor, offset}); }
  Value OneMinus(Value x) { return Scale(x, -1, 1); }
  Value Square(Value x) { return Apply("Square", {x}); }
  /// [N] [N, M] -> [M], [N, M] [M] -> [N] or [L, N] [N, M] -> [L, M].
  Value MatMul(Value a, Value b) { return Apply("MatMul", {a, b}); }
  /// All axes reversed.
  Value Transpose(Value x) { return Apply("Transpose", {x}, {std::vector<std::int64_t>{}}); }
  /// decay o base + scale o (a b^T), [N, M]; any of base, decay and scale may be absent.
  Value DecayedOuter(Value base, Value decay, Value a, Value b, Value scale) {
    return Apply("DecayedOuter", {base, decay, a, b, scale});
  }
  Value Outer(Value a, Value b) { return DecayedOuter({}, {}, a, b, {}); }
  Value Dot(Value a, Value b) { return Apply("Dot", {a, b}); }
  /// Along one axis.
  Value Sum(Value x, std::int64_t axis) { return Apply("Sum", {x}, {axis}); }
  Value SumAll(Value x) { return Apply("Sum", {x}, {std::monostate{}}); }
  Value Reshape(Value x, const Shape& shape) { return Apply("Reshape", {x}, {shape.dims()}); }
  /// Undoes broadcasting: sums x over the axes along which `shape` would be repeated; x itself if none.
  Value SumTo(Value x, const Shape& shape);
  /// The mean over the axes along which `shape` would be repeated.
  Value MeanTo(Value x, const Shape& shape) { return Apply("MeanTo", {x}, {shape.dims()}); }
  /// x repeated to a larger shape by the rules of broadcasting; x itself if it has it.
  Value Expand(Value x, const Shape& shape);

  const Shape& shape(Value value) const { return graph_->node(value).shape; }
  Graph& graph() { return *graph_; }

 protected:
  Graph* graph_;
  Node source_;
};

/// The builder of one node's composition: knows the node that is being replaced.
class OpBuilder : public NodeBuilder {
 public:
  /// `node` is copied: it may belong to another graph than the one that is built.
  OpBuilder(Graph& graph, const Node& node, std::vector<Value> operands, bool in_loop = false)
      : NodeBuilder(graph, node),
        operands_(std::move(operands)),
        attributes_(node.attributes),
        in_loop_(in_loop) {}

  Value Operand(size_t i) const { return operands_[i]; }
  size_t NumOperands() const { return operands_.size(); }
  bool Has(size_t i) const { return i < operands_.size() && static_cast<bool>(operands_[i]); }
  template <size_t kCount>
  std::array<Value, kCount> Operands() const {
    std::array<Value, kCount> all{};
    for (size_t i = 0; i < kCount && i < operands_.size(); ++i) all[i] = operands_[i];
    return all;
  }
  const std::vector<AttributeValue>& attributes() const { return attributes_; }
  bool HasAttribute(size_t i) const { return !std::holds_alternative<std::monostate>(attributes_[i]); }
  double Real(size_t i) const { return std::get<double>(attributes_[i]); }
  std::int64_t Integer(size_t i) const { return std::get<std::int64_t>(attributes_[i]); }
  bool Flag(size_t i) const { return std::get<bool>(attributes_[i]); }

  /// Whether the node runs in the loop over the steps, where no value of a later step is there yet.
  bool InLoop() const { return in_loop_; }
  /// Lets a parameter become `next` after a training run; without effect on what is not a parameter, which CheckGraph
  /// reports (OperandDef::updated).
  void Update(Value parameter, Value next) {
    if (graph_->node(parameter).kind == NodeKind::kParameter) graph_->updates.push_back({parameter, next});
  }

 private:
  std::vector<Value> operands_;
  std::vector<AttributeValue> attributes_;
  bool in_loop_;
};

/// The builder of one node's adjoint: knows the node, its result and the gradient of its result.
class GradBuilder : public OpBuilder {
 public:
  /// `wanted[i]`: whether the gradient of operand i is needed.
  GradBuilder(Graph& graph, Value node, Value output_gradient, std::vector<bool> wanted);

  Value Result() const { return node_; }
  Value OutputGradient() const { return output_gradient_; }
  /// A gradient that nobody wants may be skipped (no value in its place).
  bool Wants(size_t i) const { return wanted_[i]; }

 private:
  Value node_;
  Value output_gradient_;
  std::vector<bool> wanted_;
};

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_IR_NODE_BUILDER_H_
