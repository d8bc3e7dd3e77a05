#include "graph/plan/lifetimes.h"

#include <algorithm>
#include <utility>

#include "graph/ir/node_map.h"

namespace plgraph {

Lifetimes::Lifetimes(const Graph& graph, const Schedule& schedule, const CheckpointIntervals& intervals,
                     NodeMap<bool> kept)
    : graph_(graph),
      intervals_(intervals),
      kept_(std::move(kept)),
      order_(graph.size()),
      position_(graph.size(), 0),
      last_use_(graph.size(), 0),
      within_block_(graph.size()),
      block_ends_(schedule.block_steps.size()) {
  NumberPositions(schedule);
  for (int id = 0; id < graph_.size(); ++id) {
    within_block_[Value{id}] = PassesWithinBlock(Value{id});
  }
  for (int id = 0; id < graph_.size(); ++id) last_use_[Value{id}] = LastUse(Value{id});
}

void Lifetimes::NumberPositions(const Schedule& schedule) {
  int position = 0;
  for (int phase = 0; phase < kPhaseCount; ++phase) {
    ++position;
    for (const ScheduledNode& scheduled : schedule.phases[static_cast<size_t>(phase)]) {
      order_[scheduled.node] = scheduled;
      if (scheduled.block >= 0) block_ends_[static_cast<size_t>(scheduled.block)] = position;
      position_[scheduled.node] = position++;
    }
    ends_[phase] = position++;
  }
}

bool Lifetimes::PassesWithinBlock(Value value) const {
  const int block = scheduled(value).block;
  if (block < 0 || IsKept(value) || !graph_.node(value).variance.step) return false;
  const std::vector<Value> users = graph_.Users(value);
  return std::all_of(users.begin(), users.end(), [&](Value user) { return scheduled(user).block == block; });
}

int Lifetimes::LastUse(Value value) const {
  if (intervals_.Recomputes(value)) return EndOfRecomputation();
  const int block = scheduled(value).block;
  int last = block < 0 || IsWithinBlock(value) ? position(value) : block_ends_[static_cast<size_t>(block)];
  for (const Value user : graph_.Users(value)) last = std::max(last, LastNeed(value, user));
  return last;
}

// A value from outside a loop, or a block, is needed until its last round.
int Lifetimes::LastNeed(Value value, Value user) const {
  if (intervals_.Recomputes(user)) return EndOfRecomputation();
  const Phase phase = graph_.node(user).phase;
  const int block = scheduled(user).block;
  if (block >= 0 && !IsWithinBlock(value)) return block_ends_[static_cast<size_t>(block)];
  const bool outside = graph_.node(value).phase != phase || !graph_.node(value).variance.step;
  return IsLoop(phase) && outside ? end(phase) : position(user);
}

// A recomputed node runs in the backward loop too, but what it reads of recomputed nodes is then recomputed.
bool Lifetimes::IsReadOutsideItsLoop(Value value) const {
  const std::vector<Value> users = ReadersAtItsStep(graph_, value);
  return std::any_of(users.begin(), users.end(), [&](Value user) {
    return graph_.node(user).phase != graph_.node(value).phase || ReadsHistoryOf(graph_.node(user), value) ||
           (intervals_.Recomputes(user) && !intervals_.Recomputes(value));
  });
}

}  // namespace plgraph
