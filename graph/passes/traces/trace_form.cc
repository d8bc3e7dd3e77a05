#include "graph/passes/traces/trace_form.h"

#include <algorithm>

#include "graph/ir/known_ops.h"
#include "graph/ir/tuning.h"

namespace plgraph {
namespace {

template <typename T>
void Append(const std::vector<T>& from, std::vector<T>& to) {
  to.insert(to.end(), from.begin(), from.end());
}

// What a matrix is made of: some of H, and outer products.
struct Sum {
  bool has_trace = false;
  TraceForm form = {};
};

class Reader {
 public:
  Reader(const Graph& graph, const State& state)
      : graph_(graph), state_(state), shape_(graph.node(state.value).shape) {}

  std::optional<Sum> Read(Value matrix, int level) const {
    if (matrix == state_.value) return Sum{.has_trace = true};
    if (level > tuning::kMostLevels) return std::nullopt;
    const Node& node = graph_.node(matrix);
    if (node.shape != shape_) return std::nullopt;
    std::optional<Sum> sum;
    if (IsOp(node, Ops().decayed_outer)) sum = ReadOuter(node, level);
    if (IsOp(node, Ops().add)) sum = ReadAdd(node, 1, level);
    if (IsOp(node, Ops().sub)) sum = ReadAdd(node, -1, level);
    if (IsOp(node, Ops().scale)) sum = ReadScale(node, level);
    if (IsOp(node, Ops().mul)) sum = ReadMul(node, level);
    if (IsOp(node, Ops().where)) sum = ReadWhere(node, level);
    if (sum && level > 0) sum->form.inner.push_back(matrix);
    return sum;
  }

 private:
  std::optional<Sum> ReadOuter(const Node& node, int level) const {
    using enum decayed_outer::Operand;
    std::optional<Sum> sum = Sum{};
    if (const Value base = node.operands[kBase]) {
      sum = Read(base, level + 1);
      if (!sum) return std::nullopt;
      if (const Value decay = node.operands[kDecay]) MultiplyBy(FactorOf(decay), *sum);
    }
    OuterTerm& term = sum->form.terms.emplace_back(OuterTerm{node.operands[kA], node.operands[kB], {}});
    if (const Value scale = node.operands[kScale]) term.scale.factors = {FactorOf(scale)};
    return sum;
  }

  // `sign`: of the second operand.
  std::optional<Sum> ReadAdd(const Node& node, double sign, int level) const {
    Sum sum;
    for (size_t i = 0; i < node.operands.size(); ++i) {
      std::optional<Sum> read = Read(node.operands[i], level + 1);
      if (!read || (read->has_trace && sum.has_trace)) return std::nullopt;
      if (i == 1 && sign != 1) MultiplyBy({.number = sign}, *read);
      if (read->has_trace) sum.form.decay = read->form.decay;
      sum.has_trace = sum.has_trace || read->has_trace;
      Append(read->form.terms, sum.form.terms);
      Append(read->form.inner, sum.form.inner);
    }
    return sum;
  }

  std::optional<Sum> ReadScale(const Node& node, int level) const {
    if (AttributeOf<double>(node, "offset") != 0) return std::nullopt;
    std::optional<Sum> sum = Read(node.operands[0], level + 1);
    if (sum) MultiplyBy({.number = AttributeOf<double>(node, "factor")}, *sum);
    return sum;
  }

  std::optional<Sum> ReadMul(const Node& node, int level) const {
    for (const size_t i : {size_t{0}, size_t{1}}) {
      if (!IsFactor(node.operands[1 - i])) continue;
      std::optional<Sum> sum = Read(node.operands[i], level + 1);
      if (!sum) continue;
      MultiplyBy(FactorOf(node.operands[1 - i]), *sum);
      return sum;
    }
    return std::nullopt;
  }

  // All of the matrix becomes zero where a condition is not.
  std::optional<Sum> ReadWhere(const Node& node, int level) const {
    enum Operand : size_t { kCondition, kThen, kElse };
    if (node.operands[kThen] || graph_.node(node.operands[kCondition]).shape.rank() > 0) return std::nullopt;
    std::optional<Sum> sum = Read(node.operands[kElse], level + 1);
    if (!sum) return std::nullopt;
    TraceFactor factor = FactorOf(node.operands[kCondition]);
    factor.resets = true;
    MultiplyBy(factor, *sum);
    return sum;
  }

  static void MultiplyBy(const TraceFactor& factor, Sum& sum) {
    if (sum.has_trace) sum.form.decay.factors.push_back(factor);
    for (OuterTerm& term : sum.form.terms) term.scale.factors.push_back(factor);
  }

  bool IsFactor(Value value) const {
    const Shape& shape = graph_.node(value).shape;
    return shape.rank() == 0 || shape == Shape{shape_.dim(1)} || shape == Shape{shape_.dim(0), 1} ||
           shape == shape_;
  }

  TraceFactor FactorOf(Value value) const {
    const Node& node = graph_.node(value);
    TraceFactor factor{
        .value = value, .kind = TraceFactor::kPerConnection, .constant = node.variance == Variance{}};
    if (node.shape.rank() == 0) {
      factor.kind = TraceFactor::kNumber;
    } else if (node.shape.rank() == 1) {
      factor.kind = TraceFactor::kPerColumn;
    } else if (node.shape != shape_) {
      factor.kind = TraceFactor::kPerRow;
    }
    return factor;
  }

  const Graph& graph_;
  const State& state_;
  const Shape shape_;
};

Value One(NodeBuilder& builder) { return builder.Apply("CountInstances", {}, {false, false}); }

// Without its number.
Value ValueOf(NodeBuilder& builder, const TraceFactor& factor) {
  return factor.resets ? builder.Apply("Where", {factor.value, {}, One(builder)}) : factor.value;
}

}  // namespace

TraceFactor::Kind TraceFactors::kind() const {
  TraceFactor::Kind kind = TraceFactor::kNumber;
  for (const TraceFactor& factor : factors) {
    const bool crossed = std::min(kind, factor.kind) == TraceFactor::kPerColumn &&
                         std::max(kind, factor.kind) == TraceFactor::kPerRow;
    kind = crossed ? TraceFactor::kPerConnection : std::max(kind, factor.kind);
  }
  return kind;
}

bool TraceFactors::constant() const {
  return std::all_of(factors.begin(), factors.end(), [](const TraceFactor& f) { return f.constant; });
}

Value ProductOf(NodeBuilder& builder, const TraceFactors& factors) {
  if (!factors) return {};
  Value product;
  double number = 1;
  for (const TraceFactor& factor : factors.factors) {
    number *= factor.number;
    if (!factor.value) continue;
    const Value value = ValueOf(builder, factor);
    product = product ? builder.Mul(product, value) : value;
  }
  if (!product) product = One(builder);
  return number == 1 ? product : builder.Scale(product, number);
}

void Replace(TraceForm& form, Value old, Value value) {
  const auto replace = [&](Value& at) {
    if (at == old) at = value;
  };
  for (TraceFactor& factor : form.decay.factors) replace(factor.value);
  for (OuterTerm& term : form.terms) {
    replace(term.pre);
    replace(term.post);
    for (TraceFactor& factor : term.scale.factors) replace(factor.value);
  }
}

std::optional<TraceForm> TraceFormOf(const Graph& graph, const State& state, Value matrix) {
  if (!IsTrace(graph, state)) return std::nullopt;
  std::optional<Sum> sum = Reader(graph, state).Read(matrix, 0);
  if (!sum || !sum->has_trace) return std::nullopt;
  return std::move(sum->form);
}

}  // namespace plgraph
