#include "graph/passes/traces/trace_form.h"

#include "graph/ir/known_ops.h"

namespace plgraph {
namespace {

TraceFactor FactorOf(const Graph& graph, Value value, const Shape& trace) {
  if (!value) return {};
  const Node& node = graph.node(value);
  TraceFactor factor{
      .value = value, .kind = TraceFactor::kPerConnection, .constant = node.variance == Variance{}};
  if (node.shape.rank() == 0) {
    factor.kind = TraceFactor::kNumber;
  } else if (node.shape.rank() == 1) {
    factor.kind = TraceFactor::kPerColumn;
  } else if (node.shape != trace) {
    factor.kind = TraceFactor::kPerRow;
  }
  return factor;
}

// What a matrix is made of: some of H, and outer products.
struct Sum {
  bool has_trace = false;
  TraceForm form = {};
};

constexpr int kMostLevels = 8;  // of ops within each other; a form of more is not worth it

class Reader {
 public:
  Reader(const Graph& graph, const State& state) : graph_(graph), state_(state) {}

  std::optional<Sum> Read(Value matrix, int level) const {
    if (matrix == state_.value) return Sum{.has_trace = true};
    if (level > kMostLevels) return std::nullopt;
    const Node& node = graph_.node(matrix);
    std::optional<Sum> sum;
    if (IsOp(node, Ops().decayed_outer)) sum = ReadOuter(node, level);
    if (IsOp(node, Ops().add)) sum = ReadAdd(node, level);
    if (sum && level > 0) sum->form.inner.push_back(matrix);
    return sum;
  }

 private:
  std::optional<Sum> ReadOuter(const Node& node, int level) const {
    using enum decayed_outer::Operand;
    Sum sum;
    if (const Value base = node.operands[kBase]) {
      std::optional<Sum> read = Read(base, level + 1);
      if (!read) return std::nullopt;
      sum = std::move(*read);
    }
    if (const Value decay = node.operands[kDecay]) {
      if (!sum.form.terms.empty() || sum.form.decay)
        return std::nullopt;  // it would be one of the terms, too
      sum.form.decay = FactorOf(graph_, decay, node.shape);
    }
    sum.form.terms.push_back(
        {node.operands[kA], node.operands[kB], FactorOf(graph_, node.operands[kScale], node.shape)});
    return sum;
  }

  std::optional<Sum> ReadAdd(const Node& node, int level) const {
    Sum sum;
    for (const Value operand : node.operands) {
      if (graph_.node(operand).shape != node.shape) return std::nullopt;
      std::optional<Sum> read = Read(operand, level + 1);
      if (!read || (read->has_trace && sum.has_trace)) return std::nullopt;
      if (read->has_trace) sum.form.decay = read->form.decay;
      sum.has_trace = sum.has_trace || read->has_trace;
      Append(read->form.terms, sum.form.terms);
      Append(read->form.inner, sum.form.inner);
    }
    return sum;
  }

  template <typename T>
  static void Append(const std::vector<T>& from, std::vector<T>& to) {
    to.insert(to.end(), from.begin(), from.end());
  }

  const Graph& graph_;
  const State& state_;
};

}  // namespace

std::optional<TraceForm> TraceFormOf(const Graph& graph, const State& state, Value matrix) {
  std::optional<Sum> sum = Reader(graph, state).Read(matrix, 0);
  if (!sum || !sum->has_trace) return std::nullopt;
  return std::move(sum->form);
}

}  // namespace plgraph
