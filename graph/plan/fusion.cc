#include "graph/plan/fusion.h"

#include <algorithm>
#include <map>

namespace plgraph {
namespace {

std::vector<const Fusion*>& Registry() {
  static std::vector<const Fusion*> registry;
  return registry;
}

// A value at the step for which a member runs. What a late member leaves in a state is what the others find there.
struct Reading {
  Value value;
  bool late = false;

  friend bool operator==(const Reading&, const Reading&) = default;
};

Reading ReadingOf(const Graph& graph, Value value, bool late) {
  if (!value || !late || !graph.node(value).variance.step) return {value};
  for (const State& state : graph.states) {
    if (state.next == value) return {state.value};
  }
  return {value, true};
}

// Holds the nodes at the start of a sweep against the members of a fusion.
class Matcher {
 public:
  Matcher(const Graph& graph, const Fusion& fusion) : graph_(graph), fusion_(fusion) {}

  bool Matches(std::span<const Turn> turns) {
    if (turns.size() < fusion_.members.size()) return false;
    for (size_t m = 0; m < fusion_.members.size(); ++m) {
      if (!Matches(fusion_.members[m], turns[m])) return false;
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

  bool Matches(const FusedOp& member, const Turn& turn) {
    const Node& node = graph_.node(turn.node);
    if (node.op->name != member.op || node.operands.size() != member.operands.size()) return false;
    for (size_t i = 0; i < node.operands.size(); ++i) {
      if (!Binds(member.operands[i], node.operands[i], turn.late)) return false;
    }
    return Binds(member.result, turn.node, turn.late);
  }

  bool Binds(std::string_view name, Value value, bool late) {
    const Reading reading = ReadingOf(graph_, value, late);
    return readings_.emplace(name, reading).first->second == reading;
  }

  const Graph& graph_;
  const Fusion& fusion_;
  std::map<std::string_view, Reading> readings_;
};

}  // namespace

const Fusion* FindFusion(const Graph& graph, std::span<const Turn> turns) {
  const Fusion* found = nullptr;
  for (const Fusion* fusion : Registry()) {
    if (found != nullptr && found->members.size() >= fusion->members.size()) continue;
    if (Matcher(graph, *fusion).Matches(turns)) found = fusion;
  }
  return found;
}

FusionRegistration::FusionRegistration(const Fusion& fusion) { Registry().push_back(&fusion); }

}  // namespace plgraph
