#include "graph/schedule.h"

#include <queue>
#include <set>

namespace plgraph {
namespace {

// Ready nodes in the order in which they are taken: what overwrites a state last, otherwise the earliest
// created.
using Priority = std::pair<bool, std::int32_t>;

class Scheduler {
 public:
  explicit Scheduler(const Graph& graph) : graph_(graph), missing_(static_cast<size_t>(graph.size())) {
    for (const State& state : graph.states) nexts_.insert(state.next.id);
  }

  Schedule Run() {
    for (int id = 0; id < graph_.size(); ++id) {
      for (const Value operand : graph_.node(Value{id}).operands)
        missing_[static_cast<size_t>(id)] += operand ? 1 : 0;
      if (missing_[static_cast<size_t>(id)] == 0) Push(Value{id});
    }
    Schedule schedule;
    for (int phase = 0; phase < kPhaseCount; ++phase) {
      auto& ready = ready_[static_cast<size_t>(phase)];
      while (!ready.empty()) {
        const Value value{ready.top().second};
        ready.pop();
        if (graph_.node(value).kind == NodeKind::kOp)
          schedule.phases[static_cast<size_t>(phase)].push_back(value);
        for (const Value user : graph_.Users(value)) {
          if (--missing_[static_cast<size_t>(user.id)] == 0) Push(user);
        }
      }
    }
    return schedule;
  }

 private:
  void Push(Value value) {
    ready_[static_cast<size_t>(graph_.node(value).phase)].emplace(nexts_.contains(value.id), value.id);
  }

  const Graph& graph_;
  std::vector<int> missing_;
  std::set<std::int32_t> nexts_;
  std::array<std::priority_queue<Priority, std::vector<Priority>, std::greater<>>, kPhaseCount> ready_;
};

}  // namespace

Schedule ScheduleNodes(const Graph& graph) { return Scheduler(graph).Run(); }

}  // namespace plgraph
