#include "graph/plan/loop_order.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace plgraph {
namespace {

using Matrix = std::pair<std::int64_t, std::int64_t>;  // lines and columns

size_t Index(Value value) { return static_cast<size_t>(value.id); }

bool IsSampleMatrix(const Node& node) { return node.shape.rank() == 2 && node.variance.sample; }

// The matrix over which a node passes line by line; none if it does not, or if all samples share the matrix.
std::optional<Matrix> SweptMatrix(const Graph& graph, const Node& node) {
  if (node.op->random || SumsEachStep(node)) return std::nullopt;
  const LineUse use = LinesOf(graph, node);
  if (use.result == LineUse::kNone) return std::nullopt;
  std::optional<Matrix> matrix;
  const auto look_at = [&](const Node& value) {
    if (IsSampleMatrix(value)) matrix = {value.shape.dim(0), value.shape.dim(1)};
  };
  if (use.result == LineUse::kEach) look_at(node);
  for (size_t i = 0; i < node.operands.size(); ++i) {
    if (use.operands[i]) look_at(graph.node(node.operands[i]));
  }
  return matrix;
}

// One attempt to order a loop; `late` says which nodes run one round later.
class Ordering {
 public:
  Ordering(const Graph& graph, Phase phase, std::vector<Value> nodes,
           const std::vector<std::optional<Matrix>>& swept, std::vector<bool> late)
      : graph_(graph),
        phase_(phase),
        nodes_(std::move(nodes)),
        swept_(swept),
        late_(std::move(late)),
        waits_(static_cast<size_t>(graph.size())),
        unblocks_(static_cast<size_t>(graph.size())),
        done_(static_cast<size_t>(graph.size())) {
    for (const Value node : nodes_) AddOperandEdges(node);
    for (const State& state : graph.states) {
      if (InLoop(state.next)) AddStateEdges(state);
    }
  }

  /// No value: the nodes wait for each other in a circle.
  std::optional<std::vector<Turn>> Run() {
    for (const Value node : nodes_) AddIfReady(node);
    while (!singles_.empty() || !sweepable_.empty()) {
      if (!singles_.empty()) {
        const Value node{singles_.begin()->second};
        singles_.erase(singles_.begin());
        Take(node, -1);
      } else {
        Sweep();
      }
    }
    if (turns_.size() != nodes_.size()) return std::nullopt;
    return turns_;
  }

  /// How often matrices are passed over in a round.
  int passes() const { return passes_; }

 private:
  // Ready nodes in the order in which they are taken: what overwrites a state last, otherwise the earliest
  // created.
  using Priority = std::pair<bool, std::int32_t>;
  bool InLoop(Value value) const {
    return graph_.node(value).kind == NodeKind::kOp && graph_.node(value).phase == phase_;
  }
  bool IsLate(Value value) const { return late_[Index(value)]; }
  Priority PriorityOf(Value node) const { return {nexts_.contains(node.id), node.id}; }

  bool GivesLines(Value node) const {
    return swept_[Index(node)] && LinesOf(graph_, graph_.node(node)).result == LineUse::kEach;
  }
  // Whether `first` and `second` may share a sweep if `second` only needs the lines of `value` that are done.
  bool ByLines(Value first, Value second, Value value, Value reader) const {
    return swept_[Index(first)] && swept_[Index(first)] == swept_[Index(second)] &&
           graph_.node(value).shape.rank() == 2 && ReadsByLines(graph_, reader, value);
  }

  void AddEdge(Value first, Value second, bool by_lines) {
    const auto [it, added] = waits_[Index(second)].emplace(first.id, by_lines);
    if (!added) it->second = it->second && by_lines;
    if (added) unblocks_[Index(first)].push_back(second);
  }

  void AddOperandEdges(Value node) {
    for (const Value operand : graph_.node(node).operands) {
      if (!operand || !InLoop(operand)) continue;
      if (IsLate(node) == IsLate(operand)) {
        AddEdge(operand, node, GivesLines(operand) && ByLines(operand, node, operand, node));
      } else if (graph_.node(operand).shape.rank() == 2) {
        // A late reader is done with a matrix before the next one is written in its place.
        AddEdge(node, operand, GivesLines(operand) && ByLines(node, operand, operand, node));
      }
    }
  }

  void AddStateEdges(const State& state) {
    nexts_.insert(state.next.id);
    if (!IsLate(state.next)) return;
    for (const Value reader : graph_.Users(state.value)) {
      if (!InLoop(reader) || IsLate(reader)) continue;
      AddEdge(state.next, reader, GivesLines(state.next) && ByLines(state.next, reader, state.value, reader));
    }
  }

  void AddIfReady(Value node) {
    if (done_[Index(node)] || !waits_[Index(node)].empty()) return;
    (swept_[Index(node)] ? sweepable_ : singles_).insert(PriorityOf(node));
  }

  void Take(Value node, int sweep) {
    done_[Index(node)] = true;
    turns_.push_back({node, IsLate(node), sweep});
    for (const Value other : unblocks_[Index(node)]) {
      waits_[Index(other)].erase(node.id);
      AddIfReady(other);
    }
  }

  // Takes all that can share one pass over the lines of a matrix.
  void Sweep() {
    const std::optional<Matrix> matrix = swept_[static_cast<size_t>(sweepable_.begin()->second)];
    std::set<Priority> candidates;
    for (const Value node : nodes_) {
      if (!done_[Index(node)] && swept_[Index(node)] == matrix) candidates.insert(PriorityOf(node));
    }
    std::vector<Value> members;
    for (bool found = true; found;) {
      found = false;
      for (const Priority& candidate : candidates) {
        const Value node{candidate.second};
        if (!CanJoin(node, members)) continue;
        members.push_back(node);
        candidates.erase(candidate);
        found = true;
        break;  // what overwrites a state comes after all that can come before
      }
    }
    for (const Value node : members) {
      sweepable_.erase(PriorityOf(node));
      done_[Index(node)] = true;
    }
    for (const Value node : members) Take(node, passes_);
    ++passes_;
  }

  bool CanJoin(Value node, const std::vector<Value>& members) const {
    return std::all_of(waits_[Index(node)].begin(), waits_[Index(node)].end(), [&](const auto& wait) {
      return wait.second && std::find(members.begin(), members.end(), Value{wait.first}) != members.end();
    });
  }

  const Graph& graph_;
  Phase phase_;
  std::vector<Value> nodes_;
  const std::vector<std::optional<Matrix>>& swept_;
  std::vector<bool> late_;
  std::set<std::int32_t> nexts_;
  // By node, for what it still waits; true: within a sweep it is enough that the other has done the same lines.
  std::vector<std::map<std::int32_t, bool>> waits_;
  std::vector<std::vector<Value>> unblocks_;
  std::vector<bool> done_;
  std::set<Priority> singles_;    // ready
  std::set<Priority> sweepable_;  // ready, and part of a pass over lines
  std::vector<Turn> turns_;
  int passes_ = 0;
};

class LoopOrder {
 public:
  LoopOrder(const Graph& graph, Phase phase)
      : graph_(graph), phase_(phase), swept_(static_cast<size_t>(graph.size())) {
    for (const Value value : graph.TopologicalOrder()) {
      const Node& node = graph.node(value);
      if (node.kind != NodeKind::kOp || node.phase != phase) continue;
      nodes_.push_back(value);
      swept_[Index(value)] = SweptMatrix(graph, node);
    }
  }

  std::vector<Turn> Run() {
    Try({});
    PLGRAPH_CHECK(passes_, "the nodes of a loop wait for each other");
    const std::vector<Turn> plain = turns_;
    Try(Updates(plain, true));
    Try(Updates(plain, false));
    return WithoutLonePasses(turns_);
  }

 private:
  // Takes over the order in which these nodes, and what follows from them, run late, if it is the best so far.
  void Try(const std::vector<Value>& updates) {
    Ordering ordering(graph_, phase_, nodes_, swept_, WithFollowers(updates));
    const auto turns = ordering.Run();
    if (!turns || (passes_ && ordering.passes() >= *passes_)) return;
    turns_ = *turns;
    passes_ = ordering.passes();
  }

  // The nodes that overwrite a matrix which an earlier pass of the round has read; with `whole_pass`, all
  // nodes that pass over the lines together with one of them.
  std::vector<Value> Updates(const std::vector<Turn>& turns, bool whole_pass) const {
    std::map<std::int32_t, int> pass_of;
    for (const Turn& turn : turns) pass_of[turn.node.id] = turn.sweep;
    std::set<int> passes;
    std::vector<Value> updates;
    for (const State& state : graph_.states) {
      const auto own = pass_of.find(state.next.id);
      if (own == pass_of.end() || !swept_[Index(state.next)] || !IsReadBefore(state, pass_of, own->second))
        continue;
      passes.insert(own->second);
      updates.push_back(state.next);
    }
    if (!whole_pass) return updates;
    updates.clear();
    for (const Turn& turn : turns) {
      if (passes.contains(turn.sweep)) updates.push_back(turn.node);
    }
    return updates;
  }

  bool IsReadBefore(const State& state, const std::map<std::int32_t, int>& pass_of, int pass) const {
    const std::vector<Value> readers = graph_.Users(state.value);
    return std::any_of(readers.begin(), readers.end(), [&](Value reader) {
      const auto other = pass_of.find(reader.id);
      return other != pass_of.end() && other->second >= 0 && other->second < pass;
    });
  }

  std::vector<bool> WithFollowers(std::vector<Value> open) const {
    std::vector<bool> late(static_cast<size_t>(graph_.size()));
    while (!open.empty()) {
      const Value value = open.back();
      open.pop_back();
      if (late[Index(value)] || graph_.node(value).phase != phase_) continue;
      late[Index(value)] = true;
      for (const Value user : graph_.Users(value)) open.push_back(user);
    }
    return late;
  }

  // A pass of one node is left to its kernel.
  static std::vector<Turn> WithoutLonePasses(std::vector<Turn> turns) {
    std::map<int, int> members;
    for (const Turn& turn : turns) ++members[turn.sweep];
    for (Turn& turn : turns) {
      if (members[turn.sweep] == 1) turn.sweep = -1;
    }
    return turns;
  }

  const Graph& graph_;
  Phase phase_;
  std::vector<Value> nodes_;
  std::vector<std::optional<Matrix>> swept_;
  std::vector<Turn> turns_;
  std::optional<int> passes_;
};

}  // namespace

LineUse LinesOf(const Graph& graph, const Node& node) {
  if (node.op->lines == nullptr) return {};
  std::vector<const Shape*> shapes;
  for (const Value operand : node.operands) shapes.push_back(operand ? &graph.node(operand).shape : nullptr);
  return node.op->lines({shapes, node.attributes}, node.shape);
}

bool ReadsByLines(const Graph& graph, Value reader, Value value) {
  const Node& node = graph.node(reader);
  const LineUse use = LinesOf(graph, node);
  if (use.result == LineUse::kNone) return false;
  for (size_t i = 0; i < node.operands.size(); ++i) {
    if (node.operands[i] == value && !use.operands[i]) return false;
  }
  return true;
}

std::vector<Turn> OrderLoop(const Graph& graph, Phase phase) { return LoopOrder(graph, phase).Run(); }

}  // namespace plgraph
