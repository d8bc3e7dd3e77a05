#include "graph/plan/loop_order.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "core/error.h"
#include "graph/ir/node_map.h"

namespace plgraph {
namespace {

using Matrix = std::pair<std::int64_t, std::int64_t>;  // rows and columns

bool IsSampleMatrix(const Node& node) { return node.shape.IsMatrix() && node.variance.sample; }

// The matrix over which a node passes row by row; none if it does not, or if all samples share the matrix.
std::optional<Matrix> FusedMatrix(const Graph& graph, const Node& node) {
  if (node.op->random || SumsEachStep(node)) return std::nullopt;
  const RowUse use = RowUseOf(graph, node);
  if (use.result == RowUse::kNone) return std::nullopt;
  std::optional<Matrix> matrix;
  const auto look_at = [&](const Node& value) {
    if (!IsSampleMatrix(value)) return;
    const bool wider = !matrix || value.shape.dim(1) > matrix->second;  // a factor of each row has one column
    if (wider) matrix = {value.shape.dim(0), value.shape.dim(1)};
  };
  if (use.result == RowUse::kEach) look_at(node);
  for (size_t i = 0; i < node.operands.size(); ++i) {
    if (use.operands[i]) look_at(graph.node(node.operands[i]));
  }
  return matrix;
}

// One attempt to order a loop; `pipelined` says which nodes run pipelined by one step.
class Ordering {
 public:
  Ordering(const Graph& graph, Phase phase, std::vector<Value> nodes,
           const NodeMap<std::optional<Matrix>>& matrix_of, NodeMap<bool> pipelined)
      : graph_(graph),
        phase_(phase),
        nodes_(std::move(nodes)),
        matrix_of_(matrix_of),
        pipelined_(std::move(pipelined)),
        waits_(graph.size()),
        unblocks_(graph.size()),
        done_(graph.size()) {
    for (const Value node : nodes_) AddOperandEdges(node);
    for (const State& state : graph.states) {
      if (InLoop(state.next)) AddStateEdges(state);
    }
  }

  /// No value: the nodes wait for each other in a circle.
  std::optional<std::vector<ScheduledNode>> Run() {
    for (const Value node : nodes_) AddIfReady(node);
    while (!singles_.empty() || !fusible_.empty()) {
      if (!singles_.empty()) {
        const Value node{singles_.begin()->second};
        singles_.erase(singles_.begin());
        Take(node, -1);
      } else {
        FusedLoop();
      }
    }
    if (order_.size() != nodes_.size()) return std::nullopt;
    return order_;
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
  bool IsPipelined(Value value) const { return pipelined_[value]; }
  Priority PriorityOf(Value node) const { return {nexts_.contains(node.id), node.id}; }

  bool GivesRows(Value node) const {
    return matrix_of_[node] && RowUseOf(graph_, graph_.node(node)).result == RowUse::kEach;
  }
  // Whether `first` and `second` may share a fused loop if `second` only needs the rows of `value` that are done.
  bool ByRows(Value first, Value second, Value value, Value reader) const {
    return matrix_of_[first] && matrix_of_[first] == matrix_of_[second] &&
           graph_.node(value).shape.IsMatrix() && ReadsByRows(graph_, reader, value);
  }

  void AddEdge(Value first, Value second, bool by_rows) {
    const auto [it, added] = waits_[second].emplace(first.id, by_rows);
    if (!added) it->second = it->second && by_rows;
    if (added) unblocks_[first].push_back(second);
  }

  void AddOperandEdges(Value node) {
    for (const Value operand : graph_.node(node).operands) {
      if (!operand || !InLoop(operand)) continue;
      if (IsPipelined(node) == IsPipelined(operand)) {
        AddEdge(operand, node, GivesRows(operand) && ByRows(operand, node, operand, node));
      } else if (graph_.node(operand).shape.IsMatrix()) {
        // A pipelined reader is done with a matrix before the next one is written in its place.
        AddEdge(node, operand, GivesRows(operand) && ByRows(node, operand, operand, node));
      }
    }
  }

  void AddStateEdges(const State& state) {
    nexts_.insert(state.next.id);
    if (!IsPipelined(state.next)) return;
    for (const Value reader : graph_.Users(state.value)) {
      if (!InLoop(reader) || IsPipelined(reader)) continue;
      AddEdge(state.next, reader, GivesRows(state.next) && ByRows(state.next, reader, state.value, reader));
    }
  }

  void AddIfReady(Value node) {
    if (done_[node] || !waits_[node].empty()) return;
    (matrix_of_[node] ? fusible_ : singles_).insert(PriorityOf(node));
  }

  void Take(Value node, int fused_loop) {
    done_[node] = true;
    order_.push_back({node, IsPipelined(node), fused_loop});
    for (const Value other : unblocks_[node]) {
      waits_[other].erase(node.id);
      AddIfReady(other);
    }
  }

  // Takes all that can share one pass over the rows of a matrix.
  void FusedLoop() {
    const std::optional<Matrix> matrix = matrix_of_[Value{fusible_.begin()->second}];
    std::set<Priority> candidates;
    for (const Value node : nodes_) {
      if (!done_[node] && matrix_of_[node] == matrix) candidates.insert(PriorityOf(node));
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
      fusible_.erase(PriorityOf(node));
      done_[node] = true;
    }
    for (const Value node : members) Take(node, passes_);
    ++passes_;
  }

  bool CanJoin(Value node, const std::vector<Value>& members) const {
    return std::all_of(waits_[node].begin(), waits_[node].end(), [&](const auto& wait) {
      return wait.second && std::find(members.begin(), members.end(), Value{wait.first}) != members.end();
    });
  }

  const Graph& graph_;
  Phase phase_;
  std::vector<Value> nodes_;
  const NodeMap<std::optional<Matrix>>& matrix_of_;
  NodeMap<bool> pipelined_;
  std::set<std::int32_t> nexts_;
  // By node, for what it still waits; true: within a fused loop it is enough that the other has done the same rows.
  NodeMap<std::map<std::int32_t, bool>> waits_;
  NodeMap<std::vector<Value>> unblocks_;
  NodeMap<bool> done_;
  std::set<Priority> singles_;  // ready
  std::set<Priority> fusible_;  // ready, and part of a pass over rows
  std::vector<ScheduledNode> order_;
  int passes_ = 0;
};

class LoopOrder {
 public:
  LoopOrder(const Graph& graph, Phase phase) : graph_(graph), phase_(phase), matrix_of_(graph.size()) {
    for (const Value value : graph.TopologicalOrder()) {
      const Node& node = graph.node(value);
      if (node.kind != NodeKind::kOp || node.phase != phase) continue;
      nodes_.push_back(value);
      matrix_of_[value] = FusedMatrix(graph, node);
    }
  }

  std::vector<ScheduledNode> Run() {
    Try({});
    PLGRAPH_CHECK(passes_, "the nodes of a loop wait for each other");
    if (*passes_ > 0) {
      const std::vector<ScheduledNode> plain = order_;
      Try(Updates(plain, true));
      Try(Updates(plain, false));
    }
    return WithoutLonePasses(order_);
  }

 private:
  // Takes over the order in which these nodes, and what follows from them, are pipelined, if it is the best so far.
  void Try(const std::vector<Value>& updates) {
    Ordering ordering(graph_, phase_, nodes_, matrix_of_, WithFollowers(updates));
    const auto order = ordering.Run();
    if (!order || (passes_ && ordering.passes() >= *passes_)) return;
    order_ = *order;
    passes_ = ordering.passes();
  }

  // The nodes that overwrite a matrix which an earlier pass of the round has read; with `whole_pass`, all
  // nodes that pass over the rows together with one of them.
  std::vector<Value> Updates(const std::vector<ScheduledNode>& order, bool whole_pass) const {
    std::map<std::int32_t, int> pass_of;
    for (const ScheduledNode& scheduled : order) pass_of[scheduled.node.id] = scheduled.fused_loop;
    std::set<int> passes;
    std::vector<Value> updates;
    for (const State& state : graph_.states) {
      const auto own = pass_of.find(state.next.id);
      if (own == pass_of.end() || !matrix_of_[state.next] || !IsReadBefore(state, pass_of, own->second))
        continue;
      passes.insert(own->second);
      updates.push_back(state.next);
    }
    if (!whole_pass) return updates;
    updates.clear();
    for (const ScheduledNode& scheduled : order) {
      if (passes.contains(scheduled.fused_loop)) updates.push_back(scheduled.node);
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

  NodeMap<bool> WithFollowers(std::vector<Value> open) const {
    NodeMap<bool> pipelined(graph_.size());
    while (!open.empty()) {
      const Value value = open.back();
      open.pop_back();
      if (pipelined[value] || graph_.node(value).phase != phase_) continue;
      pipelined[value] = true;
      for (const Value user : graph_.Users(value)) open.push_back(user);
    }
    return pipelined;
  }

  // A pass of one node is left to its kernel.
  static std::vector<ScheduledNode> WithoutLonePasses(std::vector<ScheduledNode> order) {
    std::map<int, int> members;
    for (const ScheduledNode& scheduled : order) ++members[scheduled.fused_loop];
    for (ScheduledNode& scheduled : order) {
      if (members[scheduled.fused_loop] == 1) scheduled.fused_loop = -1;
    }
    return order;
  }

  const Graph& graph_;
  Phase phase_;
  std::vector<Value> nodes_;
  NodeMap<std::optional<Matrix>> matrix_of_;
  std::vector<ScheduledNode> order_;
  std::optional<int> passes_;
};

}  // namespace

RowUse RowUseOf(const Graph& graph, const Node& node) {
  if (node.op->rows == nullptr) return {};
  std::vector<const Shape*> shapes;
  for (const Value operand : node.operands) shapes.push_back(operand ? &graph.node(operand).shape : nullptr);
  return node.op->rows({shapes, node.attributes}, node.shape);
}

bool ReadsByRows(const Graph& graph, Value reader, Value value) {
  const Node& node = graph.node(reader);
  const RowUse use = RowUseOf(graph, node);
  if (use.result == RowUse::kNone) return false;
  for (size_t i = 0; i < node.operands.size(); ++i) {
    if (node.operands[i] == value && !use.operands[i]) return false;
  }
  return true;
}

std::vector<ScheduledNode> OrderLoop(const Graph& graph, Phase phase) {
  return LoopOrder(graph, phase).Run();
}

}  // namespace plgraph
