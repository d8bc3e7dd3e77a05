#ifndef PLGRAPH_GRAPH_PLAN_SCHEDULE_H_
#define PLGRAPH_GRAPH_PLAN_SCHEDULE_H_

#include <array>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "graph/ir/compile_options.h"
#include "graph/ir/graph.h"

namespace plgraph {

/// A node in the order of its phase.
struct ScheduledNode {
  Value node;
  /// In a loop: runs one round after the others, at the step of the round before.
  bool pipelined = false;
  /// In a loop: nodes of the same number stand side by side and go over the rows of their matrices together,
  /// some rows at a time; -1: on its own.
  int fused_loop = -1;
  /// In a phase that is not a loop: nodes of the same number stand side by side and go through their instances
  /// together, the instances of some steps at a time; -1: all instances at once.
  int block = -1;

  friend bool operator==(const ScheduledNode&, const ScheduledNode&) = default;
};

/// The order in which the nodes of each phase run.
struct Schedule {
  std::array<std::vector<ScheduledNode>, kPhaseCount> phases;
  std::vector<std::int64_t> block_steps;  ///< by ScheduledNode::block: how many steps go through it at a time

  const std::vector<ScheduledNode>& order(Phase phase) const { return phases[static_cast<size_t>(phase)]; }
};

/// The end of the neighbours from `begin` on that have the same `number` (of a fused loop, of a block); one that has
/// none (-1) stands alone.
template <typename Item>
size_t EndOfGroup(std::span<Item> items, size_t begin, int std::remove_const_t<Item>::*number) {
  size_t end = begin + 1;
  while (items[begin].*number >= 0 && end < items.size() && items[end].*number == items[begin].*number) ++end;
  return end;
}

/// The fused loops of a loop, each the scheduled nodes of its members.
std::vector<std::span<const ScheduledNode>> FusedLoopsOf(std::span<const ScheduledNode> order);

/// Orders the op nodes of a graph whose phases are assigned.
Schedule ScheduleNodes(const Graph& graph, const CompileOptions& options);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PLAN_SCHEDULE_H_
