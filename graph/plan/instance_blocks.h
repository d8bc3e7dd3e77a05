#ifndef PLGRAPH_GRAPH_PLAN_INSTANCE_BLOCKS_H_
#define PLGRAPH_GRAPH_PLAN_INSTANCE_BLOCKS_H_

#include <span>

#include "graph/ir/compile_options.h"
#include "graph/plan/schedule.h"

namespace plgraph {

/// Orders the nodes of a phase that is not a loop, given every node after its operands, so that what works instance by
/// instance stands in blocks (ScheduledNode::block): the instances of some steps go through all nodes of a block before
/// the next instances do. What passes only within a block needs the memory of these instances, whatever the number of
/// steps. Few instances make no block, and a phase without any keeps its order. The scheduled nodes and the steps of
/// the blocks are added to the schedule.
void OrderInBlocks(const Graph& graph, Phase phase, std::span<const Value> nodes,
                   const CompileOptions& options, Schedule& schedule);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PLAN_INSTANCE_BLOCKS_H_
