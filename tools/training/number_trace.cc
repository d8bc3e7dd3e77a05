#include "tools/training/number_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include "core/error.h"
#include "graph/ir/index_use.h"
#include "tools/training/first_fault.h"
#include "tools/training/parameters.h"

namespace plgraph {
namespace {

using Cause = NotFiniteError::Cause;

CompileOptions OptionsOf(const Executor<float>& executor) {
  CompileOptions options = executor.executable().options;
  options.optimizer_slots = 0;
  options.accumulate = false;
  options.fused_loops = false;
  return options;
}

std::string DomainText(Domain domain, std::string_view operand) {
  switch (domain) {
    case Domain::kAll:
      return "";
    case Domain::kPositive:
      return fmt::format("{} is over 0", operand);
    case Domain::kNotNegative:
      return fmt::format("{} is not under 0", operand);
    case Domain::kNotZero:
      return fmt::format("{} is not 0", operand);
  }
  return "";
}

// Whether some number of the range may lie outside of the domain.
bool Leaves(const NumberRange& range, Domain domain) {
  switch (domain) {
    case Domain::kAll:
      return false;
    case Domain::kPositive:
      return range.low <= 0;
    case Domain::kNotNegative:
      return range.low < 0;
    case Domain::kNotZero:
      return range.low <= 0 && range.high >= 0;
  }
  return false;
}

const OperandDef& DefOf(const Node& node, size_t operand) {
  return node.op->operands[std::min(operand, node.op->operands.size() - 1)];
}

// What makes numbers too large is what was there before the first update, or what the updates made of it.
std::string WhatIsTooLarge(std::int64_t update) {
  return update == 0
             ? "nothing has been trained yet: the data or the initial values are too large for this model"
             : "the numbers have grown too large: try a smaller learning rate or train.clip_norm";
}

// What to do, by what went wrong: a number for which the op is not defined, or one beyond what a float holds.
std::string Remedy(const Fault& fault, std::int64_t update) {
  const Node& node = *fault.node;
  for (size_t i = 0; i < fault.operands.size(); ++i) {
    const OperandDef& def = DefOf(node, i);
    if (!node.operands[i] || !Leaves(fault.operands[i], def.domain)) continue;
    return fmt::format(
        "{} is finite only where {}: keep it there (by clamp, say, or by adding a small number)",
        node.op->name, DomainText(def.domain, def.name));
  }
  return "the result is beyond what a float holds, 3.4e38; " + WhatIsTooLarge(update);
}

// Tells of a run: where in the model, in which episode.
class Teller {
 public:
  Teller(const LoadedModel& loaded, const Graph& compiled, const FailedRun& run)
      : loaded_(loaded), compiled_(compiled), run_(run) {}

  std::string Place(const Node& node) const { return PlaceOf(loaded_, node); }

  std::string When(std::optional<std::int64_t> step, std::optional<std::uint64_t> episode) const {
    const RunContext& context = run_.context;
    std::string when;
    if (step) when += fmt::format(", step {}", *step);
    if (episode) when += fmt::format(", episode {} (sample {})", *episode, *episode - context.first_episode);
    return when;
  }

  std::string Text(const Fault& fault) const {
    const Node& node = *fault.node;
    std::string text =
        fmt::format("{}{} made the first number that is not finite: {}{}{}; its operands:", Place(node),
                    Title(node), ElementText(node.shape, fault.element, fault.value),
                    When(fault.step, fault.episode), node.at_last_step ? ", at the last step" : "");
    for (size_t i = 0; i < fault.operands.size(); ++i) {
      if (!node.operands[i]) continue;
      const Node& operand = compiled_.node(node.operands[i]);
      text += fmt::format("\n    {} \"{}\" {}: from {:.6g} to {:.6g}", DefOf(node, i).name, NameOf(operand),
                          operand.shape.ToString(), fault.operands[i].low + 0.0F,
                          fault.operands[i].high + 0.0F);  // no -0
    }
    return text + "\n  " + RemedyOf(fault);
  }

 private:
  // A class or a row that the data named and that is not there makes NaN of numbers that are all finite.
  std::string RemedyOf(const Fault& fault) const {
    const std::optional<NodeIndex> index = IndexOf(compiled_, *fault.node);
    const bool finite = std::ranges::all_of(fault.operands, [](const NumberRange& range) {
      return std::isfinite(range.low) && std::isfinite(range.high);
    });
    if (!index || !finite) return Remedy(fault, run_.update);
    return fmt::format("\"{}\" is not a whole number from 0 to {}, of which {} takes one",
                       NameOf(compiled_.node(index->operand)), index->count - 1, fault.node->op->name);
  }

  // As the model names it: the copy of a node for the last step has no name there.
  static const std::string& NameOf(const Node& node) {
    return node.at_last_step && !node.backward ? node.origin : node.name;
  }

  std::string Title(const Node& node) const {
    if (node.backward) {
      return fmt::format("on the backward pass of \"{}\", node \"{}\" ({})", node.origin, node.name,
                         node.op->name);
    }
    // A node of the model, or a part of a composition.
    const Value own = loaded_.graph.Find(node.origin);
    const bool whole = node.IsOfModel() || (own && loaded_.graph.node(own).op == node.op);
    return whole ? fmt::format("node \"{}\" ({})", node.origin, node.op->name)
                 : fmt::format("node \"{}\" (in it {}, \"{}\")", node.origin, node.op->name, node.name);
  }

  const LoadedModel& loaded_;
  const Graph& compiled_;
  const FailedRun& run_;
};

class Tracer {
 public:
  Tracer(const LoadedModel& loaded, const Services& services, const FailedRun& run)
      : run_(run),
        failed_(run.executor.executable()),
        executable_(MakeExecutable(loaded, OptionsOf(run.executor))),
        executor_(executable_, services.memory, one_thread_),
        leads_(LeadsToTraining(executable_.graph)),
        teller_(loaded, executable_.graph, run) {}

  NumberOrigin Run() {
    for (const auto& look : {&Tracer::LookAtInputs, &Tracer::LookAtParameters, &Tracer::LookAtStates}) {
      if (const auto origin = (this->*look)()) return *origin;
    }
    CopyParameters(run_.executor, executor_);
    FirstFault first(executable_.graph);
    executor_.SetObserver(&first);
    executor_.Forward(run_.context);
    if (!first.fault()) executor_.Backward(run_.context);
    if (first.fault()) return {.text = teller_.Text(*first.fault())};
    return {
        .text =
            "run again node by node, every number was finite: it was made where the compiler joins nodes; " +
            WhatIsTooLarge(run_.update)};
  }

 private:
  std::optional<NumberOrigin> LookAtInputs() {
    const Graph& graph = executable_.graph;
    for (int id = 0; id < graph.size(); ++id) {
      const Node& node = graph.node(Value{id});
      if (node.kind != NodeKind::kInput) continue;
      const std::span<const float> given = run_.executor.Input(failed_.graph.Find(node.name));
      std::copy(given.begin(), given.end(), executor_.Input(Value{id}).begin());
      const std::optional<size_t> at = FirstNotFinite(given);
      if (!at || !leads_[Value{id}]) continue;
      const auto size = static_cast<size_t>(node.shape.NumElements());
      const size_t batch = static_cast<size_t>(executable_.options.batch);
      std::optional<std::int64_t> step;
      if (node.variance.step) step = run_.context.first_step + static_cast<std::int64_t>(*at / size / batch);
      return NumberOrigin{
          .text = fmt::format("{}input \"{}\" is not finite: {}{}; it came with the data: repair it there",
                              teller_.Place(node), node.name, ElementText(node.shape, *at % size, given[*at]),
                              teller_.When(step, run_.context.first_episode + *at / size % batch)),
          .cause = Cause::kGiven};
    }
    return std::nullopt;
  }

  std::optional<NumberOrigin> LookAtParameters() {
    for (const Value parameter : ParametersOf(failed_.graph)) {
      const Node& node = failed_.graph.node(parameter);
      const std::span<const float> values = run_.executor.Parameter(parameter);
      if (const auto at = FirstNotFinite(values)) {
        return NumberOrigin{
            .text = fmt::format(
                "{}parameter \"{}\" is not finite before update {}: {}; the gradients of the updates so "
                "far were finite, so a step was too large: try a smaller learning rate or train.clip_norm",
                teller_.Place(node), node.name, run_.update, ElementText(node.shape, *at, values[*at]))};
      }
    }
    return std::nullopt;
  }

  std::optional<NumberOrigin> LookAtStates() {
    for (size_t i = 0; i < run_.states.size(); ++i) {
      const std::vector<float>& values = run_.states[i];
      if (values.empty()) continue;
      std::copy(values.begin(), values.end(), executor_.StateAtEnd(i).begin());
      const std::optional<size_t> at = FirstNotFinite(values);
      const Value state = failed_.graph.states[i].value;
      if (!at || !leads_[state]) continue;
      const Node& node = failed_.graph.node(state);
      const auto size = static_cast<size_t>(node.shape.NumElements());
      return NumberOrigin{
          .text = fmt::format(
              "{}state \"{}\" was not finite when the run began: {}{}; the run before made it, where no loss "
              "saw it yet: keep the state bounded (by clamp, say)",
              teller_.Place(node), node.name, ElementText(node.shape, *at % size, values[*at]),
              teller_.When(run_.context.first_step, run_.context.first_episode + *at / size))};
    }
    return std::nullopt;
  }

  const FailedRun& run_;
  const Executable& failed_;
  ThreadPool one_thread_{1};
  Executable executable_;
  Executor<float> executor_;
  NodeMap<bool> leads_;
  Teller teller_;
};

}  // namespace

std::string PlaceOf(const LoadedModel& loaded, const Node& node) {
  const SourceLocation location = loaded.plan ? SourceLocation{} : node.location;  // a plan has no lines
  return loaded.sources.Place(location) + ": ";
}

NumberOrigin TraceNotFinite(const LoadedModel& loaded, const Services& services, const FailedRun& run) {
  try {
    return Tracer(loaded, services, run).Run();
  } catch (const Error& error) {
    return {.text = fmt::format("it could not be traced to a node: {}", error.what())};
  }
}

}  // namespace plgraph
