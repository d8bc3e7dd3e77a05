#include "graph/plan/memory_plan.h"

#include <algorithm>
#include <map>
#include <optional>

#include "core/checked_size.h"
#include "graph/compile.h"
#include "graph/plan/block_pool.h"
#include "graph/plan/lifetimes.h"
#include "graph/plan/loop_order.h"
#include "graph/plan/segments.h"
#include "graph/plan/sum_totals.h"
#include "graph/run/sweep.h"

namespace plgraph {
namespace {

constexpr std::int64_t kAlign = 16;  // elements: every value starts on a cache line

std::int64_t Aligned(CheckedSize size) { return (size + (kAlign - 1)).value() / kAlign * kAlign; }

size_t Index(Value value) { return static_cast<size_t>(value.id); }

// By node: what is to be read after a run keeps its place until then.
std::vector<bool> KeptValues(const Graph& graph, const CompileOptions& options) {
  std::vector<bool> kept(static_cast<size_t>(graph.size()));
  for (const Term& term : graph.terms) kept[Index(term.value)] = true;
  for (const std::string& name : options.outputs) kept[Index(graph.Find(name))] = true;
  for (const ParameterGradient& g : graph.gradients) {
    if (g.gradient) kept[Index(g.gradient)] = true;
  }
  for (const ParameterUpdate& update : graph.updates) kept[Index(update.next)] = true;
  return kept;
}

class Planner {
 public:
  Planner(const Graph& graph, const Schedule& schedule, const CompileOptions& options)
      : graph_(graph),
        schedule_(schedule),
        options_(options),
        segments_(graph, schedule, options),
        lifetimes_(graph, schedule, segments_, KeptValues(graph, options)),
        passing_(static_cast<size_t>(graph.size())) {
    plan_.placements.resize(static_cast<size_t>(graph.size()));
    plan_.line_sums.resize(static_cast<size_t>(graph.size()), -1);
    plan_.lane_sums.resize(static_cast<size_t>(graph.size()), -1);
    plan_.totals.resize(static_cast<size_t>(graph.size()), -1);
    plan_.forward = SplitLoop(graph, schedule.turns(Phase::kStep), options);
    plan_.backward = SplitLoop(graph, schedule.turns(Phase::kStepAdjoint), options);
    plan_.asides.resize(static_cast<size_t>(graph.size()), -1);
    plan_.segment = segments_.steps();
    plan_.stretch = segments_.stretch();
  }

  MemoryPlan Run() {
    PlaceSources();
    PlaceStates();
    PlaceLasting();
    PlaceAsides();
    PlaceCarried();
    PlaceLineSums();
    PlaceLaneSums();
    PlaceTotals();
    PlaceOptimizer();
    PlacePassing();
    return plan_;
  }

 private:
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
    plan_.placements[Index(value)] = placement;
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
                         segments_.Replays(state.value);
      Placement ring = Slot(graph_.node(state.value), saved ? options_.steps + 1 : SlotsOf(state));
      if (segments_.Replays(state.value) && !kept) {
        ring.stretch = segments_.stretch();
        KeepSnapshots(ring, segments_.steps(), segments_.RingOf(state));
      } else if (const std::int64_t every = SnapshotSteps(graph_, state.value); every > 0 && !saved) {
        KeepSnapshots(ring, every, ring.slots);
      }
      ring.offset = Append(SizeOf(ring), saved ? Section::kSaved : Section::kStates);
      Placement& value = plan_.placements[Index(state.value)];
      Placement& next = plan_.placements[Index(state.next)];
      value = next = ring;
      (state.adjoint ? value : next).shift = 1;
    }
  }

  void KeepSnapshots(Placement& ring, std::int64_t every, std::int64_t between) const {
    ring.segment = every;
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
    const Turn& read = lifetimes_.turn(reader);
    const Turn& write = lifetimes_.turn(writer);
    const std::int64_t rounds = write.late - read.late + steps_later;  // from the read to the write
    if (rounds != 0) return rounds > 0;
    if (lifetimes_.position(reader) > lifetimes_.position(writer)) return false;
    return read.sweep < 0 || read.sweep != write.sweep || MeetsByLines(reader, value, writer);
  }

  // Within a sweep the writer has written some lines before the reader has read the others.
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
    for (const auto& turns : schedule_.phases) {
      for (const Turn& turn : turns) {
        const Value value = turn.node;
        const Node& node = graph_.node(value);
        if (plan_.placements[Index(value)].offset >= 0) continue;
        if (lifetimes_.IsKept(value)) {
          PlaceLastingValue(value, AllSteps(node),
                            IsGradient(value) ? Section::kGradients : Section::kScratch);
        } else if (IsLoop(node.phase) && node.variance.step && lifetimes_.IsReadOutsideItsLoop(value)) {
          const bool replayed = segments_.Replays(value);
          PlaceLastingValue(value, replayed ? segments_.RingOf(value) : options_.steps, Section::kSaved);
        }
      }
    }
  }

  // What is read late is overwritten where a whole stretch runs again.
  void PlaceAsides() {
    if (segments_.stretch() == 0) return;
    for (const Value op : ReplayedOps(graph_)) {
      if (!segments_.IsReadLate(op)) continue;
      plan_.asides[Index(op)] = Append(Aligned(plan_.placements[Index(op)].slot_stride), Section::kSaved);
    }
  }

  // What a node that runs late reads from the round before.
  void PlaceCarried() {
    for (const Phase loop : {Phase::kStep, Phase::kStepAdjoint}) {
      for (const Turn& turn : schedule_.turns(loop)) {
        const Value value = turn.node;
        if (turn.late || !IsUnplaced(value) || OutlivesRound(graph_.node(value))) continue;
        std::int64_t slots = 0;
        for (const Value user : graph_.Users(value)) {
          if (!lifetimes_.turn(user).late) continue;
          slots = std::max<std::int64_t>(slots, 1);
          while (!IsReadInTime(user, value, value, slots)) ++slots;
        }
        if (slots > 0) PlaceLastingValue(value, slots, Section::kScratch);
      }
    }
  }

  // Where each part of a sweep sums what its lines give.
  void PlaceLineSums() {
    for (const Phase loop : {Phase::kStep, Phase::kStepAdjoint}) {
      const LoopSplit& split = plan_.split(loop);
      for (const std::span<const Turn> sweep : SweepsOf(schedule_.turns(loop))) {
        const SweepTiling tiling = TileSweep(graph_, sweep, split, options_.dtype);
        for (const Turn& turn : sweep) {
          const CheckedSize elements = LineSumElements(graph_, turn.node, tiling, split.samples);
          if (elements.value() == 0) continue;
          plan_.line_sums[Index(turn.node)] = Append(Aligned(elements * split.lanes), Section::kScratch);
        }
      }
    }
  }

  // Where the lanes sum over their samples.
  void PlaceLaneSums() {
    for (const Phase loop : {Phase::kStep, Phase::kStepAdjoint}) {
      const std::int64_t others = plan_.split(loop).lanes - 1;
      for (const Turn& turn : schedule_.turns(loop)) {
        const Node& node = graph_.node(turn.node);
        if (others == 0 || node.op->row_rule != RowRule::kSum || node.variance.sample) continue;
        const CheckedSize size = LaneSumStride(node.shape.NumElements());
        plan_.lane_sums[Index(turn.node)] = Append((size * others).value(), Section::kScratch);
      }
    }
  }

  // Where sums over many steps are taken in double.
  void PlaceTotals() {
    for (const auto& turns : schedule_.phases) {
      for (const Turn& turn : turns) {
        const Node& node = graph_.node(turn.node);
        const std::int64_t lanes = IsLoop(node.phase) ? plan_.split(node.phase).lanes : 1;
        const CheckedSize size = TotalElements(node, turn, schedule_, lanes, options_);
        if (size.value() == 0) continue;
        plan_.totals[Index(turn.node)] =
            Append((CheckedSize(LaneSumStride(size.value())) * lanes).value(), Section::kScratch);
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
    std::vector<bool> taken_over(static_cast<size_t>(graph_.size()));
    const auto place = [&](Value value) {
      Placement& placement = plan_.placements[Index(value)];
      placement = PassingSlot(value);
      const std::optional<Value> donor = Donor(value, placement);
      placement.offset =
          donor ? plan_.placements[Index(*donor)].offset : PoolOf(value).Take(SizeOf(placement));
      if (donor) taken_over[Index(*donor)] = true;
      ending.emplace(lifetimes_.last_use(value), value);
      passing_[Index(value)] = true;
    };
    const auto release = [&](int position) {
      for (auto it = ending.begin(); it != ending.end() && it->first <= position; it = ending.erase(it)) {
        const Placement& placement = plan_.placements[Index(it->second)];
        if (!taken_over[Index(it->second)]) PoolOf(it->second).Give(placement.offset, SizeOf(placement));
      }
    };
    for (int phase = 0; phase < kPhaseCount; ++phase) {
      const std::span<const Turn> turns = schedule_.phases[static_cast<size_t>(phase)];
      for (const Turn& turn : turns) {
        if (IsUnplaced(turn.node) && OutlivesRound(graph_.node(turn.node))) place(turn.node);
      }
      size_t block_end = 0;
      for (size_t i = 0; i < turns.size(); ++i) {
        if (i >= block_end) {  // what outlives a block of rows is written in each of its rounds
          block_end = EndOfGroup(turns, i, &Turn::block);
          for (const Turn& turn : turns.subspan(i, block_end - i)) {
            if (IsUnplaced(turn.node) && !lifetimes_.IsWithinBlock(turn.node)) place(turn.node);
          }
        }
        if (IsUnplaced(turns[i].node)) place(turns[i].node);
        // All of a sweep read until its last lines.
        const bool inside =
            turns[i].sweep >= 0 && i + 1 < turns.size() && turns[i + 1].sweep == turns[i].sweep;
        if (!inside) release(lifetimes_.position(turns[i].node));
      }
      release(lifetimes_.end(static_cast<Phase>(phase)));
    }
    MovePassingBehind();
  }

  // What others use before and after cannot be shared by lanes, which run when they will.
  bool IsOfLane(Value value) const {
    const Node& node = graph_.node(value);
    // What is replayed is read by the lanes of the other loop too.
    return IsLoop(node.phase) && !OutlivesRound(node) && !segments_.Replays(value) &&
           plan_.split(node.phase).lanes > 1;
  }

  Placement PassingSlot(Value value) const {
    const Node& node = graph_.node(value);
    Placement placement = Slot(node, IsLoop(node.phase) ? 1 : AllSteps(node));
    if (lifetimes_.IsWithinBlock(value)) {
      placement.slots = schedule_.block_steps[static_cast<size_t>(lifetimes_.turn(value).block)];
    }
    if (!IsOfLane(value)) return placement;
    const std::int64_t lanes = plan_.split(node.phase).lanes;
    placement.slot_stride = placement.row_stride * ((options_.batch + lanes - 1) / lanes);
    return placement;
  }

  // The loops of lanes have pools of their own, for one lane.
  BlockPool& PoolOf(Value value) { return IsOfLane(value) ? lane_pools_[graph_.node(value).phase] : pool_; }

  bool IsUnplaced(Value value) const { return plan_.placements[Index(value)].offset < 0; }
  // The outcome of a loop collects over its rounds: no other value of the loop may use its memory.
  static bool OutlivesRound(const Node& node) { return IsLoop(node.phase) && !node.variance.step; }

  // An operand that ends here and whose memory the result may take over.
  std::optional<Value> Donor(Value value, const Placement& placement) const {
    const Node& node = graph_.node(value);
    if (node.op->row_rule != RowRule::kMap || OutlivesRound(node)) return std::nullopt;
    if (lifetimes_.turn(value).sweep >= 0 && node.shape.rank() != 2) return std::nullopt;
    for (const int i : node.op->inplace) {
      const Value operand = node.operands[static_cast<size_t>(i)];
      if (!operand || graph_.node(operand).kind != NodeKind::kOp || !passing_[Index(operand)]) continue;
      const Placement& other = plan_.placements[Index(operand)];
      const bool same = other.slots == placement.slots && other.slot_stride == placement.slot_stride &&
                        other.row_stride == placement.row_stride;
      if (same && lifetimes_.last_use(operand) == lifetimes_.position(value) && MayTakeOver(node, operand))
        return operand;
    }
    return std::nullopt;
  }

  void MovePassingBehind() {
    const std::int64_t base = Append(pool_.peak(), Section::kScratch);
    std::map<Phase, std::int64_t> lane_bases;
    for (const auto& [phase, pool] : lane_pools_) {
      lane_bases[phase] =
          Append((CheckedSize(pool.peak()) * plan_.split(phase).lanes).value(), Section::kScratch);
    }
    for (size_t i = 0; i < passing_.size(); ++i) {
      if (!passing_[i]) continue;
      const Value value{static_cast<std::int32_t>(i)};
      Placement& placement = plan_.placements[i];
      const Phase phase = graph_.node(value).phase;
      placement.offset += IsOfLane(value) ? lane_bases[phase] : base;
      if (IsOfLane(value)) placement.lane_stride = lane_pools_[phase].peak();
    }
  }

  const Graph& graph_;
  const Schedule& schedule_;
  const CompileOptions& options_;
  const Segments segments_;
  const Lifetimes lifetimes_;
  MemoryPlan plan_;
  std::vector<bool> passing_;  // placed in memory that others use before or after
  BlockPool pool_;
  std::map<Phase, BlockPool> lane_pools_;
};

}  // namespace

std::string_view NameOf(Section section) {
  constexpr std::string_view kNames[] = {"parameters", "gradients", "optimizer", "inputs",
                                         "states",     "saved",     "scratch"};
  return kNames[static_cast<int>(section)];
}

std::int64_t LaneSumStride(std::int64_t size) { return Aligned(size); }

MemoryPlan PlanMemory(const Graph& graph, const Schedule& schedule, const CompileOptions& options) {
  return Planner(graph, schedule, options).Run();
}

}  // namespace plgraph
