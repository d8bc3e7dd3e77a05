#include "graph/ir/op_registry.h"

#include <map>
#include <string>

#include "core/error.h"
#include "graph/ir/known_ops.h"

namespace plgraph {
namespace {

std::map<std::string_view, const OpDef*>& Registry() {
  static std::map<std::string_view, const OpDef*> registry;
  return registry;
}

// The attributes that the compiler reads by their names are there.
void CheckAttributes(const OpDef& def) {
  if (def.instance_rule == InstanceRule::kSum || def.instance_rule == InstanceRule::kBroadcast) {
    AttributeIndex(def, kOverSamples);
    AttributeIndex(def, kOverSteps);
  }
  if (def.snapshot >= 0) AttributeIndex(def, kSnapshotEvery);
}

}  // namespace

const OpDef* FindOp(std::string_view name) {
  const auto it = Registry().find(name);
  return it == Registry().end() ? nullptr : it->second;
}

const OpDef& GetOp(std::string_view name) {
  const OpDef* op = FindOp(name);
  PLGRAPH_CHECK(op != nullptr, std::string("no op is named ") + std::string(name));
  return *op;
}

std::vector<const OpDef*> AllOps() {
  std::vector<const OpDef*> ops;
  ops.reserve(Registry().size());
  for (const auto& [name, op] : Registry()) ops.push_back(op);
  return ops;
}

OpRegistration::OpRegistration(const OpDef& def) {
  const std::string name(def.name);
  PLGRAPH_CHECK(!Registry().contains(def.name), name + " is defined twice");
  PLGRAPH_CHECK(def.kernel || def.compose != nullptr, name + " has neither a kernel nor a composition");
  PLGRAPH_CHECK(def.compose != nullptr || def.adjoint != nullptr, name + " has no adjoint");
  CheckAttributes(def);
  Registry().emplace(def.name, &def);
}

}  // namespace plgraph
