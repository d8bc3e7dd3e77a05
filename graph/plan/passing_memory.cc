#include "graph/plan/passing_memory.h"

#include <map>
#include <optional>
#include <span>

#include "graph/plan/block_pool.h"
#include "graph/plan/overwriting.h"

namespace plgraph {
namespace {

class PassingMemory {
 public:
  PassingMemory(const RunFacts& run, MemoryPlan& plan)
      : run_(run), plan_(plan), passing_(run.graph.size()), taken_over_(run.graph.size()) {}

  void Run() {
    for (int p = 0; p < kPhaseCount; ++p) {
      const Phase phase = static_cast<Phase>(p);
      const std::span<const ScheduledNode> order = run_.schedule.order(phase);
      if (IsLoop(phase)) {
        PlaceLoop(order);
      } else {
        PlaceBlocks(order);
      }
      Release(run_.lifetimes.end(phase));
    }
    MoveBehindLasting();
  }

 private:
  void PlaceLoop(std::span<const ScheduledNode> order) {
    for (const ScheduledNode& scheduled : order) {
      if (OutlivesRound(NodeOf(scheduled.node))) Place(scheduled.node);
    }
    for (size_t begin = 0, end = 0; begin < order.size(); begin = end) {
      end = EndOfGroup(order, begin, &ScheduledNode::fused_loop);
      for (const ScheduledNode& scheduled : order.subspan(begin, end - begin)) Place(scheduled.node);
      // All of a fused loop read until its last rows.
      Release(run_.lifetimes.position(order[end - 1].node));
    }
  }

  void PlaceBlocks(std::span<const ScheduledNode> order) {
    for (size_t begin = 0, end = 0; begin < order.size(); begin = end) {
      end = EndOfGroup(order, begin, &ScheduledNode::block);
      const std::span<const ScheduledNode> block = order.subspan(begin, end - begin);
      for (const ScheduledNode& scheduled :
           block) {  // what outlives a block is written in each of its rounds
        if (!run_.lifetimes.IsWithinBlock(scheduled.node)) Place(scheduled.node);
      }
      for (const ScheduledNode& scheduled : block) {
        Place(scheduled.node);
        Release(run_.lifetimes.position(scheduled.node));
      }
    }
  }

  // Does nothing for a value that has its place.
  void Place(Value value) {
    if (plan_.IsPlaced(value)) return;
    Placement& placement = plan_.placements[value];
    placement = SlotsOf(value);
    const std::optional<Value> donor = Donor(value, placement);
    placement.offset = donor ? plan_.placements[*donor].offset : PoolOf(value).Take(SizeOf(placement));
    if (donor) taken_over_[*donor] = true;
    ending_.emplace(run_.lifetimes.last_use(value), value);
    passing_[value] = true;
  }

  // Gives back what is read for the last time up to a position.
  void Release(int position) {
    for (auto it = ending_.begin(); it != ending_.end() && it->first <= position; it = ending_.erase(it)) {
      const Placement& placement = plan_.placements[it->second];
      if (!taken_over_[it->second]) PoolOf(it->second).Give(placement.offset, SizeOf(placement));
    }
  }

  // Whether each sample group has memory of its own for a value. What others use before and after cannot be shared by
  // sample groups, which run when they will.
  bool IsOfGroup(Value value) const {
    const Node& node = NodeOf(value);
    // What is recomputed is read by the sample groups of the other loop too.
    return IsLoop(node.phase) && !OutlivesRound(node) && !run_.intervals.Recomputes(value) &&
           GroupsOf(node.phase) > 1;
  }

  Placement SlotsOf(Value value) const {
    const Node& node = NodeOf(value);
    Placement placement = SlotsFor(node, IsLoop(node.phase) ? 1 : run_.StepsOf(node), run_.options.batch);
    if (run_.lifetimes.IsWithinBlock(value)) {
      const auto block = static_cast<size_t>(run_.lifetimes.scheduled(value).block);
      placement.slots = run_.schedule.block_steps[block];
    }
    if (!IsOfGroup(value)) return placement;
    const std::int64_t groups = GroupsOf(node.phase);
    placement.slot_stride = placement.instance_stride * ((run_.options.batch + groups - 1) / groups);
    return placement;
  }

  // An operand that ends here and whose memory the result may take over.
  std::optional<Value> Donor(Value value, const Placement& placement) const {
    const Node& node = NodeOf(value);
    if (node.op->instance_rule != InstanceRule::kMap || OutlivesRound(node)) return std::nullopt;
    if (run_.lifetimes.scheduled(value).fused_loop >= 0 && !node.shape.IsMatrix()) return std::nullopt;
    for (const int i : node.op->inplace) {
      const Value operand = node.operands[static_cast<size_t>(i)];
      if (!operand || NodeOf(operand).kind != NodeKind::kOp || !passing_[operand]) continue;
      const Placement& other = plan_.placements[operand];
      const bool same = other.slots == placement.slots && other.slot_stride == placement.slot_stride &&
                        other.instance_stride == placement.instance_stride;
      const bool ends = run_.lifetimes.last_use(operand) == run_.lifetimes.position(value);
      if (same && ends && MayTakeOver(node, operand)) return operand;
    }
    return std::nullopt;
  }

  // The loops of sample groups have pools of their own, for one sample group.
  BlockPool& PoolOf(Value value) { return IsOfGroup(value) ? group_pools_[NodeOf(value).phase] : pool_; }

  // Offsets within the pools become offsets in the arena.
  void MoveBehindLasting() {
    const std::int64_t base = plan_.Append(pool_.peak(), Section::kScratch);
    std::map<Phase, std::int64_t> group_bases;
    for (const auto& [phase, pool] : group_pools_) {
      group_bases[phase] =
          plan_.Append((CheckedSize(pool.peak()) * GroupsOf(phase)).value(), Section::kScratch);
    }
    for (int id = 0; id < run_.graph.size(); ++id) {
      const Value value{id};
      if (!passing_[value]) continue;
      Placement& placement = plan_.placements[value];
      const Phase phase = NodeOf(value).phase;
      placement.offset += IsOfGroup(value) ? group_bases[phase] : base;
      if (IsOfGroup(value)) placement.group_stride = group_pools_[phase].peak();
    }
  }

  const Node& NodeOf(Value value) const { return run_.graph.node(value); }
  std::int64_t GroupsOf(Phase loop) const { return run_.loops.of(loop).split.groups; }

  const RunFacts& run_;
  MemoryPlan& plan_;
  NodeMap<bool> passing_;  // placed in memory that others use before or after
  NodeMap<bool> taken_over_;
  std::multimap<int, Value> ending_;  // by last use
  BlockPool pool_;
  std::map<Phase, BlockPool> group_pools_;
};

}  // namespace

void PlacePassingResults(const RunFacts& run, MemoryPlan& plan) { PassingMemory(run, plan).Run(); }

}  // namespace plgraph
