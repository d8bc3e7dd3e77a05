#include "graph/ir/op_def.h"

#include "graph/ir/node_builder.h"

namespace plgraph {

Gradients NotDifferentiable(GradBuilder& g) { return Gradients(g.NumOperands()); }

}  // namespace plgraph
