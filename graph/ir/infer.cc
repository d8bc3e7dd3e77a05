#include "graph/ir/infer.h"

#include <fmt/format.h>

#include <boost/container/small_vector.hpp>
#include <map>
#include <sstream>

#include "core/error.h"
#include "graph/ir/known_ops.h"

namespace plgraph {
namespace {

using Letters = std::map<std::string, std::int64_t>;  // what each letter of the patterns stands for

std::vector<std::string> Split(std::string_view pattern) {
  std::istringstream stream{std::string(pattern)};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::vector<std::string> Alternatives(std::string_view pattern) {
  std::vector<std::string> alternatives;
  size_t begin = 0;
  while (true) {
    const size_t bar = pattern.find('|', begin);
    alternatives.emplace_back(pattern.substr(begin, bar == std::string_view::npos ? bar : bar - begin));
    if (bar == std::string_view::npos) return alternatives;
    begin = bar + 1;
  }
}

// Binds the letters of one alternative to a shape; leaves them as they were when it does not fit.
bool Unify(const std::string& alternative, const Shape& shape, Letters& letters) {
  const std::vector<std::string> words = Split(alternative);
  if (words.size() == 1 && words[0] == "*") return true;
  if (static_cast<int>(words.size()) != shape.rank()) return false;
  Letters bound = letters;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const std::string& word = words[static_cast<size_t>(axis)];
    if (word == "1" && shape.dim(axis) != 1) return false;
    const auto [it, fresh] = bound.emplace(word, shape.dim(axis));
    if (!fresh && it->second != shape.dim(axis)) return false;
  }
  letters = std::move(bound);
  return true;
}

bool UnifyAny(std::string_view pattern, const Shape& shape, Letters& letters) {
  for (const std::string& alternative : Alternatives(pattern)) {
    if (Unify(alternative, shape, letters)) return true;
  }
  return false;
}

std::string PatternText(std::string_view pattern) {
  std::string text;
  for (const std::string& alternative : Alternatives(pattern)) {
    if (!text.empty()) text += " or ";
    const std::vector<std::string> words = Split(alternative);
    std::string inner;
    for (const std::string& word : words) inner += (inner.empty() ? "" : ", ") + word;
    text += "[" + inner + "]";
  }
  return text;
}

// The sentence for an operand that fits none of its alternatives: the shapes of all operands and the rule.
std::string MisfitText(const OpDef& op, const ShapeArgs& args, size_t misfit) {
  std::string others;
  std::string rule;
  for (size_t i = 0; i < op.operands.size(); ++i) {
    if (!args.Has(i)) continue;
    if (i != misfit) {
      others += fmt::format("{}\"{}\" {}", others.empty() ? "" : ", ", op.operands[i].name,
                            args.operand(i).ToString());
    }
    rule += fmt::format("{}{}: {}", rule.empty() ? "" : ", ", op.operands[i].name,
                        PatternText(op.operands[i].shape));
  }
  return fmt::format("operand \"{}\" has shape {}{}{}; {} need equal letters to be equal sizes",
                     op.operands[misfit].name, args.operand(misfit).ToString(),
                     others.empty() ? "" : " beside ", others, rule);
}

Shape ShapeByLetters(const OpDef& op, const ShapeArgs& args) {
  Letters letters;
  for (size_t i = 0; i < op.operands.size(); ++i) {
    if (args.Has(i) && !UnifyAny(op.operands[i].shape, args.operand(i), letters)) {
      throw ShapeError(MisfitText(op, args, i));
    }
  }
  std::vector<std::int64_t> dims;
  for (const std::string& word : Split(op.result)) {
    PLGRAPH_CHECK(letters.contains(word), fmt::format("{}: no operand binds {}", op.name, word));
    dims.push_back(letters[word]);
  }
  return Shape(std::move(dims));
}

}  // namespace

Shape InferShape(const Graph& graph, const Node& node) {
  boost::container::small_vector<const Shape*, 8> shapes;
  for (const Value operand : node.operands) shapes.push_back(operand ? &graph.node(operand).shape : nullptr);
  const ShapeArgs args{std::span(shapes.data(), shapes.size()), node.attributes};
  Shape shape = node.op->shape_rule != nullptr ? node.op->shape_rule(args) : ShapeByLetters(*node.op, args);
  shape.NumElements();  // an overflow is said here, before anything is allocated
  return shape;
}

Variance InferVariance(const Graph& graph, const Node& node) {
  Variance variance;
  for (const Value operand : node.operands) {
    if (operand) variance = variance | graph.node(operand).variance;
  }
  switch (node.op->instance_rule) {
    case InstanceRule::kMap:
      return variance;
    case InstanceRule::kSum:
      return {variance.sample && !AttributeOf<bool>(node, kOverSamples),
              variance.step && !AttributeOf<bool>(node, kOverSteps)};
    case InstanceRule::kBroadcast:
      return {variance.sample || AttributeOf<bool>(node, kOverSamples),
              variance.step || AttributeOf<bool>(node, kOverSteps)};
    case InstanceRule::kLastStep:
    case InstanceRule::kFirstStep:
      return {variance.sample, false};
  }
  return variance;
}

void InferShapes(Graph& graph) {
  for (const Value value : graph.TopologicalOrder()) {
    Node& node = graph.node(value);
    if (node.kind != NodeKind::kOp) continue;
    try {
      node.shape = InferShape(graph, node);
    } catch (const ShapeError& error) {
      PLGRAPH_CHECK(false, fmt::format("{} ({}): {}", node.name, node.op->name, error.what()));
    }
    node.variance = InferVariance(graph, node);
  }
}

}  // namespace plgraph
