#include "graph/plan/segments.h"

#include <algorithm>
#include <cmath>

#include "graph/compile.h"

namespace plgraph {
namespace {

// On the way there a slot is written again a segment later, and what reads it may be a round late.
constexpr std::int64_t kLeastSegment = 3;
// Of fewer steps all snapshots are few enough to last.
constexpr std::int64_t kLeastStretch = 1024;

size_t Index(Value value) { return static_cast<size_t>(value.id); }

bool ReadsSnapshotOf(const Node& reader, Value value) {
  return SnapshotSteps(reader) > 0 && reader.operands[static_cast<size_t>(reader.op->snapshot)] == value;
}

}  // namespace

std::int64_t SnapshotSteps(const Node& reader) {
  return reader.op->snapshot < 0 ? 0 : std::get<std::int64_t>(reader.attributes[0]);
}

std::vector<Value> ReadersAtItsStep(const Graph& graph, Value value) {
  std::vector<Value> readers = graph.Users(value);
  std::erase_if(readers, [&](Value user) { return ReadsSnapshotOf(graph.node(user), value); });
  return readers;
}

std::int64_t SnapshotSteps(const Graph& graph, Value state) {
  for (const Value user : graph.Users(state)) {
    if (ReadsSnapshotOf(graph.node(user), state)) return SnapshotSteps(graph.node(user));
  }
  return 0;
}

std::vector<Value> ReplayedOps(const Graph& graph) {
  std::vector<Value> ops = graph.TopologicalOrder();
  std::erase_if(ops, [&](Value value) {
    const Node& node = graph.node(value);
    return node.kind != NodeKind::kOp || !node.replayed;
  });
  return ops;
}

Segments::Segments(const Graph& graph, const Schedule& schedule, const CompileOptions& options)
    : graph_(graph), late_(static_cast<size_t>(graph.size())) {
  for (const Turn& turn : schedule.turns(Phase::kStepAdjoint)) late_[Index(turn.node)] = turn.late;
  bool any = false;
  for (int id = 0; id < graph.size(); ++id) {
    if (!graph.node(Value{id}).replayed) continue;
    any = true;
    if (!ReadOnlyInLoops(Value{id})) return;
  }
  if (!any || !options.training) return;
  const std::int64_t longest = LongestStretch();
  steps_ = BestSteps(std::min(options.steps, longest));
  if (options.steps > longest) stretch_ = (longest + steps_ - 1) / steps_ * steps_;
}

// The way back has a slot of one step more where something reads late: of the segment that it has left.
std::int64_t Segments::RingOf(const State& state) const {
  return steps_ - 1 + (IsReadLate(state.next) ? 1 : 0);
}

std::int64_t Segments::RingOf(Value op) const { return steps_ + (IsReadLate(op) ? 1 : 0); }

bool Segments::ReadOnlyInLoops(Value value) const {
  const std::vector<Value> users = graph_.Users(value);
  return std::all_of(users.begin(), users.end(), [&](Value user) { return IsLoop(graph_.node(user).phase); });
}

bool Segments::IsReadLate(Value value) const {
  const std::vector<Value> users = graph_.Users(value);
  return std::any_of(users.begin(), users.end(), [&](Value user) { return late_[Index(user)]; });
}

std::int64_t Segments::LongestStretch() const {
  std::int64_t longest = kLeastStretch;
  for (const State& state : graph_.states) {
    const Node& node = graph_.node(state.value);
    if (node.replayed) longest = std::max(longest, node.shape.dim(0));
  }
  return longest;
}

// A state takes `all / steps` snapshots and `steps` slots, an op that is read back only the latter.
std::int64_t Segments::BestSteps(std::int64_t all) const {
  double snapshots = 0;
  double rings = 0;
  std::vector<bool> next(static_cast<size_t>(graph_.size()));
  for (const State& state : graph_.states) {
    if (!graph_.node(state.value).replayed) continue;
    next[Index(state.next)] = true;
    snapshots += static_cast<double>(graph_.node(state.value).shape.NumElements());
  }
  for (const Value op : ReplayedOps(graph_)) {
    const std::vector<Value> users = graph_.Users(op);
    const bool read_back = std::any_of(users.begin(), users.end(), [&](Value user) {
      return graph_.node(user).phase == Phase::kStepAdjoint;
    });
    if (!next[Index(op)] && read_back) rings += static_cast<double>(graph_.node(op).shape.NumElements());
  }
  const double share = snapshots / std::max(snapshots + rings, 1.0);
  const double best = std::sqrt(static_cast<double>(all) * share);
  return std::min(all, std::max<std::int64_t>(kLeastSegment, std::llround(best)));
}

}  // namespace plgraph
