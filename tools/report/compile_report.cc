#include "tools/report/compile_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/report/grouped.h"
#include "tools/training/parameters.h"

namespace plgraph {
namespace {

struct SectionText {
  Section section;
  std::string_view text;
};

constexpr SectionText kSections[] = {
    {Section::kParameters, "parameters"}, {Section::kGradients, "gradients"},
    {Section::kOptimizer, "optimizer"},   {Section::kInputs, "inputs"},
    {Section::kStates, "states"},         {Section::kSaved, "saved for the backward pass"},
    {Section::kScratch, "scratch"},
};

std::string BytesLine(std::string_view text, std::int64_t bytes) {
  return fmt::format("  {:<28} {:>18}\n", text, Grouped(bytes));
}

std::int64_t BytesOf(const Executable& executable, Value value) {
  const Placement& placement = executable.memory.placements[value];
  return placement.slots * placement.slot_stride * SizeOf(executable.options.dtype);
}

std::int64_t CountOps(const Graph& graph) {
  std::int64_t count = 0;
  for (int id = 0; id < graph.size(); ++id) count += graph.node(Value{id}).kind == NodeKind::kOp ? 1 : 0;
  return count;
}

// Whether the kernel of the scheduled node before does a scheduled node too.
std::vector<bool> WithTheNodeBefore(const Executable& executable, Phase loop) {
  std::vector<bool> fused(executable.schedule.order(loop).size());
  for (const FusedLoopPlan& fused_loop : executable.loop(loop).fused_loops) {
    for (const KernelCall& call : fused_loop.calls) {
      for (size_t other = 1; other < call.count; ++other) fused[fused_loop.first + call.first + other] = true;
    }
  }
  return fused;
}

// How a trace that is made lives from step to step.
std::string FormText(const Executable& executable, const State& state) {
  std::int64_t bytes = BytesOf(executable, state.value);
  std::string form = "one at a time";
  const Placement& placement = executable.memory.placements[state.value];
  if (placement.interval > 0) {
    form = fmt::format(
        "a snapshot every {} steps{}; the backward pass recomputes its updates", placement.interval,
        placement.outer_interval == 0
            ? ""
            : fmt::format(", one in {} of which lasts", placement.outer_interval / placement.interval));
  } else if (placement.slots > executable.options.steps) {
    form = "kept at every step for the backward pass";
  }
  for (const State& back : executable.graph.states) {
    if (back.resumes != state.value) continue;
    bytes += BytesOf(executable, back.value);
    form = "one at a time; the backward pass inverts its updates";
  }
  return fmt::format("{}, {} bytes", form, Grouped(bytes));
}

// How a trace that is a sum lives through the steps.
std::string SumText(const Executable& executable, const TraceChoice& choice, const State* start) {
  std::string text = "never made, but a sum over past updates";
  if (start != nullptr)
    text += fmt::format("; the matrix at the start of a run is kept, {} bytes",
                        Grouped(BytesOf(executable, start->value) + BytesOf(executable, start->next)));
  return text + (choice.gradient_made ? "; its gradient is a matrix in the backward loop" : "");
}

// The table from which the form was chosen.
std::string OptionsText(const TraceChoice& choice, DType dtype) {
  std::string text;
  for (int i = 0; i < kFormCount; ++i) {
    const auto form = static_cast<ChosenForm>(i);
    const FormOption& option = choice.option(form);
    const std::string mark = form != choice.form ? "" : choice.forced ? " <- wanted" : " <-";
    const auto bytes = [&](double elements) {
      return Grouped(elements * static_cast<double>(SizeOf(dtype)));
    };
    const std::string cost =
        fmt::format("{} operations, {} bytes of traffic, {} bytes kept", Grouped(option.cost.operations),
                    bytes(option.cost.traffic), bytes(option.cost.kept));
    text += fmt::format("    {:<11} {}{}\n", fmt::format("{}:", NameOf(form)),
                        option.why_not.empty() ? cost : "no: " + option.why_not, mark);
  }
  return text;
}

const State* StateOf(const Graph& graph, const TraceChoice& choice) {
  const auto found = std::find_if(graph.states.begin(), graph.states.end(), [&](const State& state) {
    return state.value == graph.Find(choice.trace);
  });
  return found == graph.states.end() ? nullptr : &*found;
}

}  // namespace

std::string SummaryText(const LoadedModel& loaded, const Executable& executable, std::int64_t episode_steps) {
  const Graph& graph = executable.graph;
  const CompileOptions& options = executable.options;
  std::string text =
      fmt::format("model {}: {} nodes; compiled{}: {} nodes\n", loaded.model.name(), loaded.model.node_size(),
                  options.training ? " for training" : "", CountOps(graph));
  text += fmt::format(
      "an episode has {} steps{}; batch {}; {}\n\n", Grouped(episode_steps),
      options.steps == episode_steps ? "" : fmt::format(" in windows of {}", Grouped(options.steps)),
      options.batch, NameOf(options.dtype));
  std::int64_t elements = 0;
  std::string list;
  for (const Value parameter : ParametersOf(graph)) {
    const Node& node = graph.node(parameter);
    elements += node.shape.NumElements();
    list += fmt::format("  {:<28} {:>18}  {}{}\n", node.name, Grouped(node.shape.NumElements()),
                        node.shape.ToString(), node.trainable ? "" : "  not trained");
  }
  return text +
         fmt::format("parameters: {}, elements: {}\n{}", ParametersOf(graph).size(), Grouped(elements), list);
}

std::string HowOften(Phase phase, const Executable& executable) {
  const CompileOptions& options = executable.options;
  if (IsLoop(phase)) {
    const LoopSplit& split = executable.loop(phase).split;
    const std::string groups = split.groups == 1 ? "" : fmt::format(" in {} sample groups", split.groups);
    const std::string samples = options.batch == 1 ? ""
                                                   : fmt::format("; {} of {} samples at once{}",
                                                                 split.samples, options.batch, groups);
    return fmt::format("{} steps, one by one{}", Grouped(options.steps), samples);
  }
  if (phase == Phase::kOnce || phase == Phase::kOnceAdjoint) return "once an update";
  return "all steps and samples as one batch";
}

// With which nodes it goes through its data together.
std::string TogetherText(const Schedule& schedule, const ScheduledNode& scheduled) {
  if (scheduled.fused_loop >= 0) return fmt::format("  fused loop {}", scheduled.fused_loop);
  if (scheduled.block < 0) return "";
  const std::int64_t steps = schedule.block_steps[static_cast<size_t>(scheduled.block)];
  return fmt::format("  block {}, {} at a time", scheduled.block,
                     steps == 1 ? "1 step" : fmt::format("{} steps", steps));
}

std::string PhasesText(const Executable& executable) {
  std::string text;
  for (int i = 0; i < kPhaseCount; ++i) {
    const Phase phase = static_cast<Phase>(i);
    const std::vector<ScheduledNode>& order = executable.schedule.order(phase);
    if (order.empty()) {
      text += fmt::format("phase {}: no nodes\n", NameOf(phase));
      continue;
    }
    text += fmt::format("phase {}: {}, {}\n", NameOf(phase),
                        order.size() == 1 ? "1 node" : fmt::format("{} nodes", order.size()),
                        HowOften(phase, executable));
    const std::vector<bool> fused =
        IsLoop(phase) ? WithTheNodeBefore(executable, phase) : std::vector<bool>(order.size());
    for (size_t t = 0; t < order.size(); ++t) {
      const Node& node = executable.graph.node(order[t].node);
      text += fmt::format("  {:<28} {:<18} {}{}{}{}\n", node.name, node.op->name, node.shape.ToString(),
                          TogetherText(executable.schedule, order[t]),
                          order[t].pipelined ? "  pipelined by one step" : "",
                          fused[t] ? "  fused with the node before" : "");
    }
  }
  return text;
}

std::string TracesText(const Executable& executable) {
  std::string text;
  for (const TraceChoice& choice : executable.graph.trace_choices) {
    const State* state = StateOf(executable.graph, choice);
    // Where the pass that applies the form was left out, it is a matrix all the same.
    const bool made = state != nullptr && executable.graph.node(state->value).variance.step;
    text += fmt::format("  {:<28} {:<18} {}\n", choice.trace, choice.shape.ToString(),
                        made ? FormText(executable, *state) : SumText(executable, choice, state));
    text += OptionsText(choice, executable.options.dtype);
  }
  return text.empty() ? text : "traces; what each form costs in an episode of one sample:\n" + text;
}

std::string ArenaText(const Executable& executable) {
  const std::int64_t element = SizeOf(executable.options.dtype);
  std::string text = "arena, bytes:\n";
  for (const SectionText& entry : kSections) {
    text += BytesLine(entry.text, executable.memory.section(entry.section) * element);
  }
  return text + BytesLine("total", executable.memory.size * element);
}

std::string PeakText(const PeakMemory& peak) {
  std::string text = "peak resident memory of `train`, predicted, bytes:\n";
  text += BytesLine("process", peak.process);
  text += BytesLine("graph", peak.graph);
  text += BytesLine("arenas", peak.arenas);
  text += BytesLine("data", peak.data);
  text += BytesLine("checkpoint, initial values", peak.copies);
  return text + BytesLine("total", peak.total());
}

}  // namespace plgraph
