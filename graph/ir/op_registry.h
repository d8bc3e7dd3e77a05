#ifndef PLGRAPH_GRAPH_IR_OP_REGISTRY_H_
#define PLGRAPH_GRAPH_IR_OP_REGISTRY_H_

#include <string_view>
#include <vector>

#include "graph/ir/op_def.h"

namespace plgraph {

/// The definition named `name`, or null. The registry is filled before main() and never changes.
const OpDef* FindOp(std::string_view name);

/// The definition named `name`; an internal fault if there is none.
const OpDef& GetOp(std::string_view name);

/// All definitions, by name.
std::vector<const OpDef*> AllOps();

/// Registers a definition at start-up. An internal fault: two of one name, one with neither kernel nor
/// composition, one with a kernel but no adjoint, one
/// without an attribute that its instance rule or its snapshot needs.
class OpRegistration {
 public:
  explicit OpRegistration(const OpDef& def);
};

}  // namespace plgraph

/// Once for each definition, at namespace scope.
#define PLGRAPH_REGISTER_OP(def) const ::plgraph::OpRegistration registration_##def(def)

#endif  // PLGRAPH_GRAPH_IR_OP_REGISTRY_H_
