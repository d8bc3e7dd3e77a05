#include "graph/plan/lifetimes.h"

#include <algorithm>
#include <utility>

namespace plgraph {

Lifetimes::Lifetimes(const Graph& graph, const Schedule& schedule, const Segments& segments,
                     std::vector<bool> kept)
    : graph_(graph),
      segments_(segments),
      kept_(std::move(kept)),
      turns_(static_cast<size_t>(graph.size())),
      position_(static_cast<size_t>(graph.size()), 0),
      last_use_(static_cast<size_t>(graph.size()), 0),
      within_block_(static_cast<size_t>(graph.size())),
      block_ends_(schedule.block_steps.size()) {
  NumberPositions(schedule);
  for (int id = 0; id < graph_.size(); ++id) {
    within_block_[static_cast<size_t>(id)] = PassesWithinBlock(Value{id});
  }
  for (int id = 0; id < graph_.size(); ++id) last_use_[static_cast<size_t>(id)] = LastUse(Value{id});
}

void Lifetimes::NumberPositions(const Schedule& schedule) {
  int position = 0;
  for (int phase = 0; phase < kPhaseCount; ++phase) {
    ++position;
    for (const Turn& turn : schedule.phases[static_cast<size_t>(phase)]) {
      turns_[Index(turn.node)] = turn;
      if (turn.block >= 0) block_ends_[static_cast<size_t>(turn.block)] = position;
      position_[Index(turn.node)] = position++;
    }
    ends_[phase] = position++;
  }
}

bool Lifetimes::PassesWithinBlock(Value value) const {
  const int block = turn(value).block;
  if (block < 0 || IsKept(value) || !graph_.node(value).variance.step) return false;
  const std::vector<Value> users = graph_.Users(value);
  return std::all_of(users.begin(), users.end(), [&](Value user) { return turn(user).block == block; });
}

int Lifetimes::LastUse(Value value) const {
  if (segments_.Replays(value)) return EndOfReplay();
  const int block = turn(value).block;
  int last = block < 0 || IsWithinBlock(value) ? position(value) : block_ends_[static_cast<size_t>(block)];
  for (const Value user : graph_.Users(value)) last = std::max(last, LastNeed(value, user));
  return last;
}

// A value from outside a loop, or a block, is needed until its last round.
int Lifetimes::LastNeed(Value value, Value user) const {
  if (segments_.Replays(user)) return EndOfReplay();
  const Phase phase = graph_.node(user).phase;
  const int block = turn(user).block;
  if (block >= 0 && !IsWithinBlock(value)) return block_ends_[static_cast<size_t>(block)];
  const bool outside = graph_.node(value).phase != phase || !graph_.node(value).variance.step;
  return IsLoop(phase) && outside ? end(phase) : position(user);
}

// A replayed node runs in the loop back too, but what it reads of replayed nodes is then made anew.
bool Lifetimes::IsReadOutsideItsLoop(Value value) const {
  const std::vector<Value> users = ReadersAtItsStep(graph_, value);
  return std::any_of(users.begin(), users.end(), [&](Value user) {
    return graph_.node(user).phase != graph_.node(value).phase || graph_.node(user).op->reads_history ||
           (segments_.Replays(user) && !segments_.Replays(value));
  });
}

}  // namespace plgraph
