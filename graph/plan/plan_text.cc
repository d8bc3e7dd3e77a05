#include "graph/plan/plan_text.h"

#include <fmt/format.h>

namespace plgraph {
namespace {

std::string LoopText(const LoopPlan& loop) {
  std::string text =
      fmt::format("  sample groups={} samples at once={}\n", loop.split.groups, loop.split.samples);
  for (const FusedLoopPlan& fused_loop : loop.fused_loops) {
    text += fmt::format("  scheduled nodes {} to {}: {} rows in {} tiles of {}, {} parts; kernels of",
                        fused_loop.first, fused_loop.first + fused_loop.count - 1, fused_loop.tiling.rows,
                        fused_loop.tiling.tiles, fused_loop.tiling.tile_rows, fused_loop.tiling.parts);
    for (const KernelCall& call : fused_loop.calls) text += fmt::format(" {}", call.count);
    text += " nodes\n";
  }
  return text;
}

}  // namespace

std::string ScheduleText(const Executable& executable) {
  std::string text;
  for (int p = 0; p < kPhaseCount; ++p) {
    const Phase phase = static_cast<Phase>(p);
    text += fmt::format("{}\n", NameOf(phase));
    for (const ScheduledNode& scheduled : executable.schedule.order(phase)) {
      const Node& node = executable.graph.node(scheduled.node);
      text +=
          fmt::format("  {} ({}){}{}{}\n", node.name, node.op->name, scheduled.pipelined ? " pipelined" : "",
                      scheduled.fused_loop < 0 ? "" : fmt::format(" fused loop={}", scheduled.fused_loop),
                      scheduled.block < 0 ? "" : fmt::format(" block={}", scheduled.block));
    }
    if (IsLoop(phase)) text += LoopText(executable.loop(phase));
  }
  return text;
}

std::string MemoryText(const Executable& executable) {
  const MemoryPlan& memory = executable.memory;
  std::string text = fmt::format("arena size={}\n", memory.size);
  for (int s = 0; s < kSectionCount; ++s) {
    text += fmt::format("  {} {}\n", NameOf(static_cast<Section>(s)), memory.section_sizes[s]);
  }
  for (int id = 0; id < executable.graph.size(); ++id) {
    const Placement& place = memory.placements[Value{id}];
    if (place.offset < 0) continue;
    text += fmt::format("{} offset={} slots={} of {} shift={} instance_stride={}{}{}\n",
                        executable.graph.node(Value{id}).name, place.offset, place.slots, place.slot_stride,
                        place.shift, place.instance_stride,
                        place.interval == 0 ? "" : fmt::format(" checkpoint interval={}", place.interval),
                        place.group_stride == 0 ? "" : fmt::format(" sample group={}", place.group_stride));
  }
  return text;
}

}  // namespace plgraph
