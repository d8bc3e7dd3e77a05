#include "graph/plan/fusion.h"

#include <algorithm>
#include <map>

#include "graph/ir/op_registry.h"

namespace plgraph {
namespace {

std::vector<const Fusion*>& Registry() {
  static std::vector<const Fusion*> registry;
  return registry;
}

// A value at the step for which a member runs. What a pipelined member leaves in a state is what the others find
// there.
struct Reading {
  Value value;
  bool pipelined = false;

  friend bool operator==(const Reading&, const Reading&) = default;
};

Reading ReadingOf(const Graph& graph, Value value, bool pipelined) {
  if (!value || !pipelined || !graph.node(value).variance.step) return {value};
  for (const State& state : graph.states) {
    if (state.next == value) return {state.value};
  }
  return {value, true};
}

// Compares the nodes at the start of a fused loop with the members of a fusion.
class Matcher {
 public:
  Matcher(const Graph& graph, const Fusion& fusion) : graph_(graph), fusion_(fusion) {}

  bool Matches(std::span<const ScheduledNode> order) {
    if (order.size() < fusion_.members.size()) return false;
    for (size_t m = 0; m < fusion_.members.size(); ++m) {
      if (!Matches(fusion_.members[m], order[m])) return false;
    }
    return std::all_of(readings_.begin(), readings_.end(), [&](const auto& entry) {
      const auto& [name, reading] = entry;
      if (!reading.value) return Contains(fusion_.optional, name);
      return !Contains(fusion_.scalars, name) || graph_.node(reading.value).shape.rank() == 0;
    });
  }

 private:
  static bool Contains(const std::vector<std::string_view>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  bool Matches(const FusedOp& member, const ScheduledNode& scheduled) {
    const Node& node = graph_.node(scheduled.node);
    if (node.op != FindOp(member.op) || node.operands.size() != member.operands.size()) return false;
    for (size_t i = 0; i < node.operands.size(); ++i) {
      if (!Binds(member.operands[i], node.operands[i], scheduled.pipelined)) return false;
    }
    return Binds(member.result, scheduled.node, scheduled.pipelined);
  }

  bool Binds(std::string_view name, Value value, bool pipelined) {
    const Reading reading = ReadingOf(graph_, value, pipelined);
    return readings_.emplace(name, reading).first->second == reading;
  }

  const Graph& graph_;
  const Fusion& fusion_;
  std::map<std::string_view, Reading> readings_;
};

}  // namespace

const Fusion* FindFusion(const Graph& graph, std::span<const ScheduledNode> order) {
  const Fusion* found = nullptr;
  for (const Fusion* fusion : Registry()) {
    if (found != nullptr && found->members.size() >= fusion->members.size()) continue;
    if (Matcher(graph, *fusion).Matches(order)) found = fusion;
  }
  return found;
}

FusionRegistration::FusionRegistration(const Fusion& fusion) { Registry().push_back(&fusion); }

}  // namespace plgraph
