#include "graph/ir/node_builder.h"

#include <fmt/format.h>

#include "core/error.h"
#include "graph/ir/infer.h"
#include "graph/ir/op_registry.h"

namespace plgraph {

Value NodeBuilder::Apply(std::string_view op, std::vector<Value> operands,
                         std::vector<AttributeValue> attributes) {
  Node node = MadeFor(source_, fmt::format("{}/{}", source_.name, op));
  node.op = &GetOp(op);
  node.operands = std::move(operands);
  node.attributes = std::move(attributes);
  try {
    node.shape = InferShape(*graph_, node);
  } catch (const ShapeError& error) {
    PLGRAPH_CHECK(false, fmt::format("{}: {}", node.name, error.what()));
  }
  node.variance = InferVariance(*graph_, node);
  node.at_last_step = node.at_last_step && !node.variance.step;
  return graph_->Add(std::move(node));
}

Value NodeBuilder::SumTo(Value x, const Shape& target) {
  return shape(x) == target ? x : Apply("SumTo", {x}, {target.dims()});
}

Value NodeBuilder::Expand(Value x, const Shape& target) {
  return shape(x) == target ? x : Apply("Expand", {x}, {target.dims()});
}

GradBuilder::GradBuilder(Graph& graph, Value node, Value output_gradient, std::vector<bool> wanted)
    : OpBuilder(graph, graph.node(node), graph.node(node).operands),
      node_(node),
      output_gradient_(output_gradient),
      wanted_(std::move(wanted)) {
  source_.name = "d_" + source_.name;
  source_.backward = true;
}

}  // namespace plgraph
