#ifndef PLGRAPH_GRAPH_PLAN_SCHEDULE_H_
#define PLGRAPH_GRAPH_PLAN_SCHEDULE_H_

#include <array>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "graph/ir/graph.h"

namespace plgraph {

struct CompileOptions;

/// A node in the order of its phase.
struct Turn {
  Value node;
  /// In a loop: runs one round later than the others, at the step of the round before.
  bool late = false;
  /// In a loop: nodes of the same number stand side by side and go over the lines of their matrices together,
  /// some lines at a time; -1: on its own.
  int sweep = -1;
  /// In a phase that is no loop: nodes of the same number stand side by side and go through their rows together, the
  /// rows of some steps at a time; -1: all rows at once.
  int block = -1;

  friend bool operator==(const Turn&, const Turn&) = default;
};

/// The order in which the nodes of each phase run.
struct Schedule {
  std::array<std::vector<Turn>, kPhaseCount> phases;
  std::vector<std::int64_t> block_steps;  ///< by Turn::block: how many steps go through it at a time

  const std::vector<Turn>& turns(Phase phase) const { return phases[static_cast<size_t>(phase)]; }
};

/// Behind the last of the neighbours from `begin` on that have the same `number` (of a sweep, of a block); one that has
/// none (-1) stands alone.
template <typename Item>
size_t EndOfGroup(std::span<Item> items, size_t begin, int std::remove_const_t<Item>::*number) {
  size_t end = begin + 1;
  while (items[begin].*number >= 0 && end < items.size() && items[end].*number == items[begin].*number) ++end;
  return end;
}

/// The sweeps of a loop, each the turns of its members.
std::vector<std::span<const Turn>> SweepsOf(std::span<const Turn> turns);

/// Orders the op nodes of a graph whose phases are assigned.
Schedule ScheduleNodes(const Graph& graph, const CompileOptions& options);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PLAN_SCHEDULE_H_
