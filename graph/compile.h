#ifndef PLGRAPH_GRAPH_COMPILE_H_
#define PLGRAPH_GRAPH_COMPILE_H_

#include "graph/ir/compile_options.h"
#include "graph/passes/pass_manager.h"
#include "graph/plan/executable.h"

namespace plgraph {

/// The whole compiler. The graph must have passed CheckGraph. `control`: which passes run, and who looks on.
Executable Compile(Graph graph, const CompileOptions& options, const PassControl& control = {});

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_COMPILE_H_
