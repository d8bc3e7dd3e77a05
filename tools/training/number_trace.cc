#include "tools/training/number_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include "tools/training/first_fault.h"
#include "tools/training/parameters.h"

namespace plgraph {
namespace {

using Cause = NotFiniteError::Cause;

// What an op is given beyond this says that the training has run away, not that the op is used where it is undefined.
constexpr float kGrown = 1e6F;

CompileOptions OptionsOf(const Executor<float>& executor) {
  CompileOptions options = executor.executable().options;
  options.optimizer_slots = 0;
  options.accumulate = false;
  options.sweeps = false;
  return options;
}

// Tells of a run: where in the model, in which episode.
class Teller {
 public:
  Teller(const LoadedModel& loaded, const Graph& compiled, const RunContext& context)
      : loaded_(loaded), compiled_(compiled), context_(context) {}

  // The place in the model file of a value of the model, or of what the compiler made of it: `d_y/mul.1` of `y`.
  std::string Place(std::string_view name) const {
    Value value = loaded_.graph.Find(name);
    if (!value) value = loaded_.graph.Find(name = name.substr(0, name.find_first_of("/.")));
    if (!value && name.starts_with("d_")) value = loaded_.graph.Find(name.substr(2));
    const SourceLocation location = value ? loaded_.graph.node(value).location : SourceLocation{};
    return location.line == 0  // a plan has no lines
               ? loaded_.path + ": "
               : fmt::format("{}:{}:{}: ", loaded_.path, location.line, location.column);
  }

  std::string When(std::optional<std::int64_t> step, std::optional<std::uint64_t> episode) const {
    std::string when;
    if (step) when += fmt::format(", step {}", *step);
    if (episode) when += fmt::format(", episode {} (sample {})", *episode, *episode - context_.first_episode);
    return when;
  }

  std::string Text(const Fault& fault) const {
    const Node& node = *fault.node;
    std::string text = fmt::format(
        "{}{} \"{}\" ({}) made the first number that is not finite: {}{}; its operands:", Place(node.name),
        node.name.starts_with("d_") ? "on the way back, node" : "node", node.name, node.op->name,
        ElementText(node.shape, fault.element, fault.value), When(fault.step, fault.episode));
    bool grown = false;
    for (size_t i = 0; i < fault.operands.size(); ++i) {
      if (!node.operands[i]) continue;
      const NumberRange& range = fault.operands[i];
      grown = grown || std::max(std::abs(range.low), std::abs(range.high)) > kGrown;
      const Node& operand = compiled_.node(node.operands[i]);
      const OperandDef& def = node.op->operands[std::min(i, node.op->operands.size() - 1)];
      text += fmt::format("\n    {} \"{}\" {}: from {:.6g} to {:.6g}", def.name, operand.name,
                          operand.shape.ToString(), range.low, range.high);
    }
    return text +
           (grown ? "\n  the numbers have grown too large: try a smaller learning rate or train.clip_norm"
                  : fmt::format(
                        "\n  keep them where {} is finite (by clamp, say, or by adding a small number), or "
                        "try a smaller learning rate",
                        node.op->name));
  }

 private:
  const LoadedModel& loaded_;
  const Graph& compiled_;
  const RunContext& context_;
};

class Tracer {
 public:
  Tracer(const LoadedModel& loaded, const Services& services, const FailedRun& run)
      : run_(run),
        failed_(run.executor.executable()),
        executable_(MakeExecutable(loaded, OptionsOf(run.executor))),
        executor_(executable_, services.memory, one_thread_),
        leads_(LeadsToTraining(executable_.graph)),
        teller_(loaded, executable_.graph, run.context) {}

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
            "run again node by node, every number was finite: it was made where the compiler joins nodes; "
            "try a smaller learning rate or train.clip_norm"};
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
      if (!at || !leads_[static_cast<size_t>(id)]) continue;
      const auto size = static_cast<size_t>(node.shape.NumElements());
      const size_t batch = static_cast<size_t>(executable_.options.batch);
      std::optional<std::int64_t> step;
      if (node.variance.step) step = run_.context.first_step + static_cast<std::int64_t>(*at / size / batch);
      return NumberOrigin{
          .text = fmt::format("{}input \"{}\" is not finite: {}{}; it came with the data: repair it there",
                              teller_.Place(node.name), node.name,
                              ElementText(node.shape, *at % size, given[*at]),
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
                teller_.Place(node.name), node.name, run_.update, ElementText(node.shape, *at, values[*at]))};
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
      if (!at || !leads_[static_cast<size_t>(state.id)]) continue;
      const Node& node = failed_.graph.node(state);
      const auto size = static_cast<size_t>(node.shape.NumElements());
      return NumberOrigin{
          .text = fmt::format(
              "{}state \"{}\" was not finite when the run began: {}{}; the run before made it, where no loss "
              "saw it yet: keep the state bounded (by clamp, say), or try a smaller learning rate",
              teller_.Place(node.name), node.name, ElementText(node.shape, *at % size, values[*at]),
              teller_.When(run_.context.first_step, run_.context.first_episode + *at / size))};
    }
    return std::nullopt;
  }

  const FailedRun& run_;
  const Executable& failed_;
  ThreadPool one_thread_{1};
  Executable executable_;
  Executor<float> executor_;
  std::vector<bool> leads_;
  Teller teller_;
};

}  // namespace

NumberOrigin TraceNotFinite(const LoadedModel& loaded, const Services& services, const FailedRun& run) {
  try {
    return Tracer(loaded, services, run).Run();
  } catch (const Error& error) {
    return {.text = fmt::format("it could not be traced to a node: {}", error.what())};
  }
}

}  // namespace plgraph
