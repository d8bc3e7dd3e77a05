#include "graph/ir/known_ops.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "graph/ir/op_registry.h"

namespace plgraph {

const KnownOps& Ops() {
  static const KnownOps ops = {.add = FindOp("Add"),
                               .decayed_outer = FindOp("DecayedOuter"),
                               .dot = FindOp("Dot"),
                               .mat_mul = FindOp("MatMul"),
                               .max_pool2d = FindOp("MaxPool2D"),
                               .mul = FindOp("Mul"),
                               .plastic_mat_mul = FindOp("PlasticMatMul"),
                               .plastic_mat_mul_transposed = FindOp("PlasticMatMulTransposed"),
                               .relu = FindOp("Relu"),
                               .scale = FindOp("Scale"),
                               .stop_gradient = FindOp("StopGradient"),
                               .sub = FindOp("Sub"),
                               .sum_instances = FindOp("SumInstances"),
                               .where = FindOp("Where")};
  return ops;
}

size_t AttributeIndex(const OpDef& op, std::string_view name) {
  const auto found = std::find(op.attributes.begin(), op.attributes.end(), name);
  PLGRAPH_CHECK(found != op.attributes.end(), fmt::format("{} has no attribute {}", op.name, name));
  return static_cast<size_t>(found - op.attributes.begin());
}

}  // namespace plgraph
