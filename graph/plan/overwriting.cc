#include "graph/plan/overwriting.h"

#include <algorithm>

#include "graph/plan/loop_order.h"

namespace plgraph {
namespace {

// Within a fused loop the writer has written some rows before the reader has read the others.
bool MeetsByRows(const Graph& graph, Value reader, Value value, Value writer) {
  return ReadsByRows(graph, reader, value) && RowUseOf(graph, graph.node(writer)).result == RowUse::kEach &&
         graph.node(value).shape.IsMatrix();
}

// Whether `reader` is done with a value before `writer`, some steps later, writes into the same slot.
bool IsReadInTime(const RunFacts& run, Value reader, Value value, Value writer, std::int64_t steps_later) {
  if (reader == writer) return steps_later > 0 || MayTakeOver(run.graph.node(reader), value);
  const ScheduledNode& read = run.lifetimes.scheduled(reader);
  const ScheduledNode& write = run.lifetimes.scheduled(writer);
  const std::int64_t rounds = write.pipelined - read.pipelined + steps_later;  // from the read to the write
  if (rounds != 0) return rounds > 0;
  if (run.lifetimes.position(reader) > run.lifetimes.position(writer)) return false;
  return read.fused_loop < 0 || read.fused_loop != write.fused_loop ||
         MeetsByRows(run.graph, reader, value, writer);
}

}  // namespace

bool MayTakeOver(const Node& node, Value operand) {
  const std::vector<int>& permitted = node.op->inplace;
  for (size_t i = 0; i < node.operands.size(); ++i) {
    if (node.operands[i] == operand &&
        std::find(permitted.begin(), permitted.end(), static_cast<int>(i)) == permitted.end()) {
      return false;
    }
  }
  return true;
}

std::int64_t FewestSlots(const RunFacts& run, const State& state) {
  const std::vector<Value> readers = ReadersAtItsStep(run.graph, state.value);
  std::int64_t slots = 1;
  while (!std::all_of(readers.begin(), readers.end(), [&](Value reader) {
    return IsReadInTime(run, reader, state.value, state.next, slots - 1);
  })) {
    ++slots;
  }
  return slots;
}

std::int64_t FewestSlotsForPipelined(const RunFacts& run, Value value) {
  std::int64_t slots = 0;
  for (const Value user : run.graph.Users(value)) {
    if (!run.lifetimes.scheduled(user).pipelined) continue;
    slots = std::max<std::int64_t>(slots, 1);
    while (!IsReadInTime(run, user, value, value, slots)) ++slots;
  }
  return slots;
}

}  // namespace plgraph
