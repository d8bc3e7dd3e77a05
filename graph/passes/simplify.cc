// One walk over the graph, operands first: each node is built again, unless an equal one is there already or a
// pattern below puts something cheaper in its place. Then what nothing needs is dropped.
#include <algorithm>
#include <bit>
#include <functional>

#include "graph/ir/hash_index.h"
#include "graph/ir/known_ops.h"
#include "graph/ir/node_builder.h"
#include "graph/ir/node_map.h"
#include "graph/ir/rewriter.h"
#include "graph/passes/passes.h"

namespace plgraph {
namespace {

using enum decayed_outer::Operand;

bool IsOp(const Graph& graph, Value value, const OpDef* op) { return value && IsOp(graph.node(value), op); }

// A DecayedOuter that is a b^T alone.
bool IsPlainOuter(const Graph& graph, Value value) {
  if (!IsOp(graph, value, Ops().decayed_outer)) return false;
  const std::vector<Value>& operands = graph.node(value).operands;
  return !operands[kBase] && !operands[kScale];
}

// Whether a value can stand as a factor in a DecayedOuter of this shape: a scalar, one per column, one per row, or one
// per element.
bool IsFactor(const Shape& factor, const Shape& matrix) {
  return factor.rank() == 0 || factor == matrix || factor == Shape{matrix.dim(1)} ||
         factor == Shape{matrix.dim(0), 1};
}

// A node under construction: its operands are values of the new graph.
struct Candidate {
  NodeBuilder& builder;
  const Node& node;
  Value operand(size_t i) const { return node.operands[i]; }
  const Graph& graph() const { return builder.graph(); }
};

using Rule = Value (*)(const Candidate& c);  // no value: the rule does not apply

Value DropStopGradient(const Candidate& c) { return c.operand(0); }

Value MergeScales(const Candidate& c) {
  const double factor = AttributeOf<double>(c.node, "factor");
  const double offset = AttributeOf<double>(c.node, "offset");
  if (factor == 1 && offset == 0) return c.operand(0);
  if (!IsOp(c.graph(), c.operand(0), Ops().scale)) return {};
  const Node inner = c.graph().node(c.operand(0));
  const double inner_factor = AttributeOf<double>(inner, "factor");
  const double inner_offset = AttributeOf<double>(inner, "offset");
  return c.builder.Scale(inner.operands[0], factor * inner_factor, factor * inner_offset + offset);
}

// s o (a b^T): the product is never stored on its own.
Value ScaleOuter(const Candidate& c) {
  for (const size_t i : {size_t{0}, size_t{1}}) {
    const Value outer = c.operand(i);
    const Value factor = c.operand(1 - i);
    if (!IsPlainOuter(c.graph(), outer) || !IsFactor(c.builder.shape(factor), c.builder.shape(outer)))
      continue;
    const std::vector<Value> operands = c.graph().node(outer).operands;
    return c.builder.DecayedOuter({}, {}, operands[kA], operands[kB], factor);
  }
  return {};
}

// decay o base + scale o (a b^T), in one pass over the matrix.
Value AddOuter(const Candidate& c) {
  for (const size_t i : {size_t{0}, size_t{1}}) {
    const Value outer = c.operand(i);
    const Value other = c.operand(1 - i);
    if (!IsOp(c.graph(), outer, Ops().decayed_outer) || c.graph().node(outer).operands[kBase]) continue;
    const Shape shape = c.builder.shape(outer);
    if (c.builder.shape(other) != shape) continue;
    const std::vector<Value> o = c.graph().node(outer).operands;
    if (IsOp(c.graph(), other, Ops().mul)) {
      const std::vector<Value> factors = c.graph().node(other).operands;
      for (const size_t k : {size_t{0}, size_t{1}}) {
        if (c.builder.shape(factors[1 - k]) == shape && IsFactor(c.builder.shape(factors[k]), shape)) {
          return c.builder.DecayedOuter(factors[1 - k], factors[k], o[kA], o[kB], o[kScale]);
        }
      }
    }
    return c.builder.DecayedOuter(other, {}, o[kA], o[kB], o[kScale]);
  }
  return {};
}

// The sum of outer products over samples and steps is one matrix product; a factor that is the same for all
// of them, or for a row of them, moves out of the sum or into a vector.
Value SumOuters(const Candidate& c) {
  if (!IsOp(c.graph(), c.operand(0), Ops().decayed_outer) || c.graph().node(c.operand(0)).operands[kBase])
    return {};
  const std::vector<Value> o = c.graph().node(c.operand(0)).operands;
  const Shape shape = c.builder.shape(c.operand(0));
  const Value factor = o[kScale];
  const bool shared = factor && c.graph().node(factor).variance == Variance{};
  std::vector<AttributeValue> over = c.node.attributes;
  if (shared) return c.builder.Mul(factor, c.builder.Apply("OuterSum", {o[kA], o[kB], {}}, over));
  if (factor && c.builder.shape(factor) == Shape{shape.dim(0), 1} && shape.dim(1) > 1) {
    const Value rows = c.builder.Reshape(factor, {shape.dim(0)});
    return c.builder.Apply("OuterSum", {c.builder.Mul(rows, o[kA]), o[kB], {}}, over);
  }
  if (factor && c.builder.shape(factor) != shape) {
    return c.builder.Apply("OuterSum", {o[kA], c.builder.Mul(factor, o[kB]), {}}, over);
  }
  return c.builder.Apply("OuterSum", {o[kA], o[kB], factor}, over);
}

struct RootedRule {
  const OpDef* KnownOps::*root;  // the op at the root of the pattern
  Rule rule;
};

constexpr RootedRule kRules[] = {
    {&KnownOps::stop_gradient, DropStopGradient},
    {&KnownOps::scale, MergeScales},
    {&KnownOps::mul, ScaleOuter},
    {&KnownOps::add, AddOuter},
    {&KnownOps::sum_instances, SumOuters},
};

// Numbers are equal if their bits are: -0 is not 0.
bool IsSame(const AttributeValue& a, const AttributeValue& b) {
  const double* x = std::get_if<double>(&a);
  const double* y = std::get_if<double>(&b);
  if (x == nullptr || y == nullptr) return a == b;
  return std::bit_cast<std::uint64_t>(*x) == std::bit_cast<std::uint64_t>(*y);
}

// Whether two op nodes are the same value. Random ops with equal operands draw different numbers, each from its stream.
bool IsSame(const Node& a, const Node& b) {
  return a.op == b.op && a.operands == b.operands && a.variance == b.variance &&
         (!a.op->random || a.random_stream == b.random_stream) &&
         std::equal(a.attributes.begin(), a.attributes.end(), b.attributes.begin(), b.attributes.end(),
                    [](const AttributeValue& x, const AttributeValue& y) { return IsSame(x, y); });
}

std::uint64_t HashOf(const Node& node) {
  std::uint64_t hash = std::hash<const OpDef*>()(node.op);
  for (const Value operand : node.operands) {
    hash = (hash ^ static_cast<std::uint32_t>(operand.id)) * 0x9E3779B97F4A7C15;
    hash ^= hash >> 32;
  }
  return hash;
}

class Simplifier {
 public:
  explicit Simplifier(Rewriter& rewriter) : rewriter_(rewriter), own_(rewriter.from().size()) {
    for (const State& state : rewriter.from().states) own_[state.next] = true;
    for (const ParameterGradient& g : rewriter.from().gradients) {
      if (g.gradient) own_[g.gradient] = true;
    }
  }

  Value Visit(Value old) {
    if (rewriter_.from().node(old).kind != NodeKind::kOp) return rewriter_.Keep(old);
    Node node = rewriter_.Take(old);
    const bool own = own_[old];
    if (const Value better = ApplyRules(node, own)) return better;
    if (own) return rewriter_.to().Add(std::move(node));
    const std::uint64_t hash = HashOf(node);
    const auto is_same = [&](Value v) { return IsSame(rewriter_.to().node(v), node); };
    if (const Value same = made_.Find(hash, is_same)) return same;
    const Value added = rewriter_.to().Add(std::move(node));
    made_.Add(hash, added);
    return added;
  }

  bool changed() const { return changed_; }

 private:
  Value ApplyRules(const Node& node, bool own) {
    for (const RootedRule& rule : kRules) {
      if (!IsOp(node, Ops().*rule.root)) continue;
      const int before = rewriter_.to().size();
      NodeBuilder builder(rewriter_.to(), node);
      const Value better = rule.rule({builder, node});
      const bool fresh = better.id >= before;
      if (!better || (own && !fresh)) continue;
      if (fresh) rewriter_.to().Rename(better, node.name);
      changed_ = true;
      return better;
    }
    return {};
  }

  Rewriter& rewriter_;
  NodeMap<bool> own_;  // stay nodes of their own: what states become, and gradients of parameters
  HashIndex made_;     // those of the new graph that may stand for an equal one
  bool changed_ = false;
};

}  // namespace

void Simplify(const PlannedFor& options, Graph& graph) {
  for (bool changed = true; changed;) {
    Rewriter rewriter(graph);
    Simplifier simplifier(rewriter);
    graph = rewriter.Run(LiveNodes(graph, options.outputs), [&](Value old) { return simplifier.Visit(old); });
    changed = simplifier.changed();
  }  // the last round has changed nothing, so that what it has kept is what is needed
}

}  // namespace plgraph
