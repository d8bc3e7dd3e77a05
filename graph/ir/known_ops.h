#ifndef PLGRAPH_GRAPH_IR_KNOWN_OPS_H_
#define PLGRAPH_GRAPH_IR_KNOWN_OPS_H_

#include <string_view>

#include "graph/ir/graph.h"

namespace plgraph {

/// The ops that the compiler looks for or makes, found by their name once. Null where a program has no such op.
struct KnownOps {
  const OpDef* add;
  const OpDef* decayed_outer;
  const OpDef* dot;
  const OpDef* mat_mul;
  const OpDef* max_pool2d;
  const OpDef* mul;
  const OpDef* plastic_mat_mul;
  const OpDef* plastic_mat_mul_transposed;
  const OpDef* relu;
  const OpDef* scale;
  const OpDef* stop_gradient;
  const OpDef* sub;
  const OpDef* sum_instances;
  const OpDef* where;
};
const KnownOps& Ops();

/// Whether a node is of an op.
inline bool IsOp(const Node& node, const OpDef* op) { return node.op != nullptr && node.op == op; }

/// The operands of DecayedOuter, decay o base + scale o (a b^T), in their order: the one form of every update of a
/// trace.
namespace decayed_outer {
enum Operand : size_t { kBase, kDecay, kA, kB, kScale };
}
/// Those of PlasticMatMul; PlasticMatMulTransposed has d in the place of x.
namespace plastic_mat_mul {
enum Operand : size_t { kX, kWeight, kPlasticity, kTrace };
}

/// The place of an attribute in the definition of an op; an internal fault if there is none of that name.
size_t AttributeIndex(const OpDef& op, std::string_view name);

/// An attribute of a node by its name.
template <typename T>
const T& AttributeOf(const Node& node, std::string_view name) {
  return std::get<T>(node.attributes[AttributeIndex(*node.op, name)]);
}

/// The attributes by which an op says over what it sums (InstanceRule::kSum) or repeats (InstanceRule::kBroadcast) its
/// instances.
inline constexpr std::string_view kOverSamples = "over_samples";
inline constexpr std::string_view kOverSteps = "over_steps";
/// The attribute of an op that reads a snapshot (OpDef::snapshot): every how many steps there is one.
inline constexpr std::string_view kSnapshotEvery = "snapshot_every";

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_IR_KNOWN_OPS_H_
