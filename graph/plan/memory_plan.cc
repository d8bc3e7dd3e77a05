#include "graph/plan/memory_plan.h"

#include <algorithm>
#include <map>
#include <optional>

#include "core/checked_size.h"
#include "graph/ir/node_map.h"
#include "graph/ir/tuning.h"
#include "graph/plan/block_pool.h"
#include "graph/plan/checkpoint_intervals.h"
#include "graph/plan/lifetimes.h"
#include "graph/plan/loop_order.h"
#include "graph/plan/sum_totals.h"

namespace plgraph {
namespace {

std::int64_t Aligned(CheckedSize size) {
  constexpr std::int64_t kLine = tuning::kCacheLineElements;
  return (size + (kLine - 1)).value() / kLine * kLine;
}

// By node: what is to be read after a run keeps its place until then.
NodeMap<bool> KeptValues(const Graph& graph, const CompileOptions& options) {
  NodeMap<bool> kept(graph.size());
  for (const Term& term : graph.terms) kept[term.value] = true;
  for (const std::string& name : options.outputs) kept[graph.Find(name)] = true;
  for (const ParameterGradient& g : graph.gradients) {
    if (g.gradient) kept[g.gradient] = true;
  }
  for (const ParameterUpdate& update : graph.updates) kept[update.next] = true;
  return kept;
}

class Planner {
 public:
  Planner(const Graph& graph, const Schedule& schedule, const LoopPlans& loops, const CompileOptions& options)
      : graph_(graph),
        schedule_(schedule),
        loops_(loops),
        options_(options),
        intervals_(graph, schedule, options),
        lifetimes_(graph, schedule, intervals_, KeptValues(graph, options)),
        passing_(graph.size()) {
    plan_.placements = NodeMap<Placement>(graph.size());
    plan_.line_sums = plan_.group_sums = plan_.totals = plan_.asides =
        NodeMap<std::int64_t>(graph.size(), -1);
    plan_.totals_stride = NodeMap<std::int64_t>(graph.size());
    plan_.interval = intervals_.steps();
    plan_.outer_interval = intervals_.outer_interval();
  }

  MemoryPlan Run() {
    PlaceSources();
    PlaceStates();
    PlaceLasting();
    PlaceAsides();
    PlaceCarried();
    PlaceLineSums();
    PlaceGroupSums();
    PlaceTotals();
    PlaceOptimizer();
    PlacePassing();
    return plan_;
  }

 private:
  const LoopSplit& SplitOf(Phase loop) const { return loops_.of(loop).split; }

  bool IsReadAsHistory(Value value) const {
    const std::vector<Value> users = graph_.Users(value);
    return std::any_of(users.begin(), users.end(),
                       [&](Value user) { return graph_.node(user).op->reads_history; });
  }

  // How large one slot is, and from sample to sample.
  Placement Slot(const Node& node, std::int64_t slots) const {
    Placement placement;
    const CheckedSize row = node.shape.NumElements();
    placement.slots = slots;
    placement.row_stride = node.variance.sample ? row.value() : 0;
    placement.slot_stride = (node.variance.sample ? row * options_.batch : row).value();
    return placement;
  }

  static std::int64_t SizeOf(const Placement& placement) {
    return Aligned(CheckedSize(placement.slots) * placement.slot_stride);
  }

  std::int64_t Append(std::int64_t size, Section section) {
    const std::int64_t offset = plan_.size;
    plan_.size = (CheckedSize(plan_.size) + size).value();
    plan_.section_sizes[static_cast<int>(section)] += size;
    return offset;
  }

  void PlaceLastingValue(Value value, std::int64_t slots, Section section) {
    Placement placement = Slot(graph_.node(value), slots);
    placement.offset = Append(SizeOf(placement), section);
    plan_.placements[value] = placement;
  }

  std::int64_t AllSteps(const Node& node) const { return node.variance.step ? options_.steps : 1; }

  void PlaceSources() {
    for (int id = 0; id < graph_.size(); ++id) {
      const Node& node = graph_.node(Value{id});
      if (node.kind == NodeKind::kParameter) PlaceLastingValue(Value{id}, 1, Section::kParameters);
      if (node.kind == NodeKind::kInput || node.kind == NodeKind::kControl) {
        PlaceLastingValue(Value{id}, AllSteps(node), Section::kInputs);
      }
    }
  }

  // A state and its next share a ring. At step t a state that runs forward is in slot t and its next in slot
  // t + 1; a carry, which comes from step t + 1, is in slot t + 1 and its next in slot t.
  void PlaceStates() {
    for (const State& state : graph_.states) {
      const bool kept =
          lifetimes_.IsKept(state.value) || lifetimes_.IsKept(state.next) || IsReadAsHistory(state.value);
      const bool saved = lifetimes_.IsReadOutsideItsLoop(state.value) ||
                         lifetimes_.IsReadOutsideItsLoop(state.next) || kept ||
                         intervals_.Recomputes(state.value);
      Placement ring = Slot(graph_.node(state.value), saved ? options_.steps + 1 : SlotsOf(state));
      if (intervals_.Recomputes(state.value) && !kept) {
        ring.outer_interval = intervals_.outer_interval();
        KeepSnapshots(ring, intervals_.steps(), intervals_.RingOf(state));
      } else if (const std::int64_t every = SnapshotSteps(graph_, state.value); every > 0 && !saved) {
        KeepSnapshots(ring, every, ring.slots);
      }
      ring.offset = Append(SizeOf(ring), saved ? Section::kSaved : Section::kStates);
      Placement& value = plan_.placements[state.value];
      Placement& next = plan_.placements[state.next];
      value = next = ring;
      (state.adjoint ? value : next).shift = 1;
    }
  }

  void KeepSnapshots(Placement& ring, std::int64_t every, std::int64_t between) const {
    ring.interval = every;
    ring.end = options_.steps;
    ring.slots = ring.snapshots() + between;
  }

  // The fewest slots with which nothing reads a value of the state after it is overwritten.
  std::int64_t SlotsOf(const State& state) const {
    const std::vector<Value> readers = ReadersAtItsStep(graph_, state.value);
    std::int64_t slots = 1;
    while (!std::all_of(readers.begin(), readers.end(), [&](Value reader) {
      return IsReadInTime(reader, state.value, state.next, slots - 1);
    })) {
      ++slots;
    }
    return slots;
  }

  // Whether `reader` is done with a value before `writer`, some steps later, writes into the same slot.
  bool IsReadInTime(Value reader, Value value, Value writer, std::int64_t steps_later) const {
    if (reader == writer) return steps_later > 0 || MayTakeOver(graph_.node(reader), value);
    const ScheduledNode& read = lifetimes_.scheduled(reader);
    const ScheduledNode& write = lifetimes_.scheduled(writer);
    const std::int64_t rounds = write.pipelined - read.pipelined + steps_later;  // from the read to the write
    if (rounds != 0) return rounds > 0;
    if (lifetimes_.position(reader) > lifetimes_.position(writer)) return false;
    return read.fused_loop < 0 || read.fused_loop != write.fused_loop || MeetsByLines(reader, value, writer);
  }

  // Within a fused loop the writer has written some lines before the reader has read the others.
  bool MeetsByLines(Value reader, Value value, Value writer) const {
    return ReadsByLines(graph_, reader, value) &&
           LinesOf(graph_, graph_.node(writer)).result == LineUse::kEach &&
           graph_.node(value).shape.rank() == 2;
  }

  static bool MayTakeOver(const Node& node, Value operand) {
    for (size_t i = 0; i < node.operands.size(); ++i) {
      const auto& permitted = node.op->inplace;
      if (node.operands[i] == operand &&
          std::find(permitted.begin(), permitted.end(), static_cast<int>(i)) == permitted.end()) {
        return false;
      }
    }
    return true;
  }

  // What has to stay from one phase to a later one, past a loop, or until the run is over.
  void PlaceLasting() {
    for (const auto& order : schedule_.phases) {
      for (const ScheduledNode& scheduled : order) {
        const Value value = scheduled.node;
        const Node& node = graph_.node(value);
        if (plan_.placements[value].offset >= 0) continue;
        if (lifetimes_.IsKept(value)) {
          PlaceLastingValue(value, AllSteps(node),
                            IsGradient(value) ? Section::kGradients : Section::kScratch);
        } else if (IsLoop(node.phase) && node.variance.step && lifetimes_.IsReadOutsideItsLoop(value)) {
          const bool recomputed = intervals_.Recomputes(value);
          PlaceLastingValue(value, recomputed ? intervals_.RingOf(value) : options_.steps, Section::kSaved);
        }
      }
    }
  }

  // What is read by pipelined nodes is overwritten where a whole outer interval runs again.
  void PlaceAsides() {
    if (intervals_.outer_interval() == 0) return;
    for (const Value op : RecomputedOps(graph_)) {
      if (!intervals_.IsReadPipelined(op)) continue;
      plan_.asides[op] = Append(Aligned(plan_.placements[op].slot_stride), Section::kSaved);
    }
  }

  // What a node that is pipelined reads from the round before.
  void PlaceCarried() {
    for (const Phase loop : {Phase::kStep, Phase::kStepAdjoint}) {
      for (const ScheduledNode& scheduled : schedule_.order(loop)) {
        const Value value = scheduled.node;
        if (scheduled.pipelined || !IsUnplaced(value) || OutlivesRound(graph_.node(value))) continue;
        std::int64_t slots = 0;
        for (const Value user : graph_.Users(value)) {
          if (!lifetimes_.scheduled(user).pipelined) continue;
          slots = std::max<std::int64_t>(slots, 1);
          while (!IsReadInTime(user, value, value, slots)) ++slots;
        }
        if (slots > 0) PlaceLastingValue(value, slots, Section::kScratch);
      }
    }
  }

  // Where each part of a fused loop sums what its lines give.
  void PlaceLineSums() {
    for (const Phase loop : {Phase::kStep, Phase::kStepAdjoint}) {
      const LoopPlan& plan = loops_.of(loop);
      for (const FusedLoopPlan& fused_loop : plan.fused_loops) {
        for (size_t m = 0; m < fused_loop.count; ++m) {
          const CheckedSize elements = fused_loop.line_sum_elements[m];
          if (elements.value() == 0) continue;
          const Value node = schedule_.order(loop)[fused_loop.first + m].node;
          plan_.line_sums[node] = Append(Aligned(elements * plan.split.groups), Section::kScratch);
        }
      }
    }
  }

  // Where the sample groups sum over their samples.
  void PlaceGroupSums() {
    for (const Phase loop : {Phase::kStep, Phase::kStepAdjoint}) {
      const std::int64_t others = SplitOf(loop).groups - 1;
      for (const ScheduledNode& scheduled : schedule_.order(loop)) {
        const Node& node = graph_.node(scheduled.node);
        if (others == 0 || node.op->row_rule != RowRule::kSum || node.variance.sample) continue;
        const CheckedSize size = GroupSumStride(node.shape.NumElements());
        plan_.group_sums[scheduled.node] = Append((size * others).value(), Section::kScratch);
      }
    }
  }

  // Where sums over many steps are taken in double.
  void PlaceTotals() {
    for (const auto& order : schedule_.phases) {
      for (const ScheduledNode& scheduled : order) {
        const Node& node = graph_.node(scheduled.node);
        const std::int64_t groups = IsLoop(node.phase) ? SplitOf(node.phase).groups : 1;
        const CheckedSize size = TotalElements(node, scheduled, schedule_, groups, options_);
        if (size.value() == 0) continue;
        const std::int64_t stride = GroupSumStride(size.value());
        plan_.totals_stride[scheduled.node] = stride;
        plan_.totals[scheduled.node] = Append((CheckedSize(stride) * groups).value(), Section::kScratch);
      }
    }
  }

  bool IsGradient(Value value) const {
    return std::any_of(graph_.gradients.begin(), graph_.gradients.end(),
                       [&](const ParameterGradient& g) { return g.gradient == value; });
  }

  void PlaceOptimizer() {
    for (const ParameterGradient& g : graph_.gradients) {
      const std::int64_t size = Aligned(graph_.node(g.parameter).shape.NumElements());
      std::vector<std::int64_t>& slots = plan_.optimizer.emplace_back();
      for (int slot = 0; slot < options_.optimizer_slots; ++slot)
        slots.push_back(Append(size, Section::kOptimizer));
      if (options_.accumulate) plan_.gradient_sums.push_back(Append(size, Section::kGradients));
    }
  }

  // All other values, one after the other in the memory of those that are done.
  void PlacePassing() {
    std::multimap<int, Value> ending;  // by last use
    NodeMap<bool> taken_over(graph_.size());
    const auto place = [&](Value value) {
      Placement& placement = plan_.placements[value];
      placement = PassingSlot(value);
      const std::optional<Value> donor = Donor(value, placement);
      placement.offset = donor ? plan_.placements[*donor].offset : PoolOf(value).Take(SizeOf(placement));
      if (donor) taken_over[*donor] = true;
      ending.emplace(lifetimes_.last_use(value), value);
      passing_[value] = true;
    };
    const auto release = [&](int position) {
      for (auto it = ending.begin(); it != ending.end() && it->first <= position; it = ending.erase(it)) {
        const Placement& placement = plan_.placements[it->second];
        if (!taken_over[it->second]) PoolOf(it->second).Give(placement.offset, SizeOf(placement));
      }
    };
    for (int phase = 0; phase < kPhaseCount; ++phase) {
      const std::span<const ScheduledNode> order = schedule_.phases[static_cast<size_t>(phase)];
      for (const ScheduledNode& scheduled : order) {
        if (IsUnplaced(scheduled.node) && OutlivesRound(graph_.node(scheduled.node))) place(scheduled.node);
      }
      size_t block_end = 0;
      for (size_t i = 0; i < order.size(); ++i) {
        if (i >= block_end) {  // what outlives a block of rows is written in each of its rounds
          block_end = EndOfGroup(order, i, &ScheduledNode::block);
          for (const ScheduledNode& scheduled : order.subspan(i, block_end - i)) {
            if (IsUnplaced(scheduled.node) && !lifetimes_.IsWithinBlock(scheduled.node))
              place(scheduled.node);
          }
        }
        if (IsUnplaced(order[i].node)) place(order[i].node);
        // All of a fused loop read until its last lines.
        const bool inside = order[i].fused_loop >= 0 && i + 1 < order.size() &&
                            order[i + 1].fused_loop == order[i].fused_loop;
        if (!inside) release(lifetimes_.position(order[i].node));
      }
      release(lifetimes_.end(static_cast<Phase>(phase)));
    }
    MovePassingBehind();
  }

  // What others use before and after cannot be shared by sample groups, which run when they will.
  bool IsOfGroup(Value value) const {
    const Node& node = graph_.node(value);
    // What is recomputed is read by the sample groups of the other loop too.
    return IsLoop(node.phase) && !OutlivesRound(node) && !intervals_.Recomputes(value) &&
           SplitOf(node.phase).groups > 1;
  }

  Placement PassingSlot(Value value) const {
    const Node& node = graph_.node(value);
    Placement placement = Slot(node, IsLoop(node.phase) ? 1 : AllSteps(node));
    if (lifetimes_.IsWithinBlock(value)) {
      placement.slots = schedule_.block_steps[static_cast<size_t>(lifetimes_.scheduled(value).block)];
    }
    if (!IsOfGroup(value)) return placement;
    const std::int64_t groups = SplitOf(node.phase).groups;
    placement.slot_stride = placement.row_stride * ((options_.batch + groups - 1) / groups);
    return placement;
  }

  // The loops of sample groups have pools of their own, for one sample group.
  BlockPool& PoolOf(Value value) { return IsOfGroup(value) ? group_pools_[graph_.node(value).phase] : pool_; }

  bool IsUnplaced(Value value) const { return plan_.placements[value].offset < 0; }
  // The outcome of a loop collects over its rounds: no other value of the loop may use its memory.
  static bool OutlivesRound(const Node& node) { return IsLoop(node.phase) && !node.variance.step; }

  // An operand that ends here and whose memory the result may take over.
  std::optional<Value> Donor(Value value, const Placement& placement) const {
    const Node& node = graph_.node(value);
    if (node.op->row_rule != RowRule::kMap || OutlivesRound(node)) return std::nullopt;
    if (lifetimes_.scheduled(value).fused_loop >= 0 && node.shape.rank() != 2) return std::nullopt;
    for (const int i : node.op->inplace) {
      const Value operand = node.operands[static_cast<size_t>(i)];
      if (!operand || graph_.node(operand).kind != NodeKind::kOp || !passing_[operand]) continue;
      const Placement& other = plan_.placements[operand];
      const bool same = other.slots == placement.slots && other.slot_stride == placement.slot_stride &&
                        other.row_stride == placement.row_stride;
      if (same && lifetimes_.last_use(operand) == lifetimes_.position(value) && MayTakeOver(node, operand))
        return operand;
    }
    return std::nullopt;
  }

  void MovePassingBehind() {
    const std::int64_t base = Append(pool_.peak(), Section::kScratch);
    std::map<Phase, std::int64_t> group_bases;
    for (const auto& [phase, pool] : group_pools_) {
      group_bases[phase] =
          Append((CheckedSize(pool.peak()) * SplitOf(phase).groups).value(), Section::kScratch);
    }
    for (int id = 0; id < graph_.size(); ++id) {
      const Value value{id};
      if (!passing_[value]) continue;
      Placement& placement = plan_.placements[value];
      const Phase phase = graph_.node(value).phase;
      placement.offset += IsOfGroup(value) ? group_bases[phase] : base;
      if (IsOfGroup(value)) placement.group_stride = group_pools_[phase].peak();
    }
  }

  const Graph& graph_;
  const Schedule& schedule_;
  const LoopPlans& loops_;
  const CompileOptions& options_;
  const CheckpointIntervals intervals_;
  const Lifetimes lifetimes_;
  MemoryPlan plan_;
  NodeMap<bool> passing_;  // placed in memory that others use before or after
  BlockPool pool_;
  std::map<Phase, BlockPool> group_pools_;
};

}  // namespace

std::string_view NameOf(Section section) {
  constexpr std::string_view kNames[] = {"parameters", "gradients", "optimizer", "inputs",
                                         "states",     "saved",     "scratch"};
  return kNames[static_cast<int>(section)];
}

std::int64_t GroupSumStride(std::int64_t size) { return Aligned(size); }

MemoryPlan PlanMemory(const Graph& graph, const Schedule& schedule, const LoopPlans& loops,
                      const CompileOptions& options) {
  return Planner(graph, schedule, loops, options).Run();
}

}  // namespace plgraph
