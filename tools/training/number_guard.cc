#include "tools/training/number_guard.h"

#include <fmt/format.h>

#include "tools/training/optimizer.h"
#include "tools/training/parameters.h"

namespace plgraph {

NumberGuard::NumberGuard(const LoadedModel& loaded, const Services& services, Executor<float>& executor)
    : loaded_(loaded), services_(services), run_{.executor = executor, .context = {}, .states = {}} {
  run_.states.resize(executor.executable().graph.states.size());
}

void NumberGuard::CheckStart(const std::string& path) {
  const Graph& graph = run_.executor.executable().graph;
  for (const Value parameter : ParametersOf(graph)) {
    const std::span<const float> values = run_.executor.Parameter(parameter);
    const std::optional<size_t> at = FirstNotFinite(values);
    if (!at) continue;
    throw NotFiniteError(
        fmt::format(
            "{}: parameter \"{}\" is not finite: {}; training cannot start from it: repair the file, or "
            "start from another one",
            path, graph.node(parameter).name, ElementText(graph.node(parameter).shape, *at, values[*at])),
        NotFiniteError::Cause::kGiven);
  }
}

void NumberGuard::Begin(const RunContext& context, std::int64_t update) {
  run_.context = context;
  run_.update = update;
  const std::vector<State>& states = run_.executor.executable().graph.states;
  for (size_t i = 0; i < states.size(); ++i) {
    const bool goes_on = !states[i].adjoint && (states[i].kept || context.continue_states);
    if (!goes_on) {
      run_.states[i].clear();
      continue;
    }
    const std::span<const float> values = run_.executor.StateAtEnd(i);
    run_.states[i].assign(values.begin(), values.end());
  }
}

void NumberGuard::CheckLoss(std::optional<std::int64_t> sample) {
  if (!sample) return;
  Fail(fmt::format("the loss of episode {}",
                   run_.context.first_episode + static_cast<std::uint64_t>(*sample)));
}

void NumberGuard::CheckGradients() {
  const Graph& graph = run_.executor.executable().graph;
  for (size_t i = 0; i < graph.gradients.size(); ++i) {
    if (AllFinite(run_.executor.Gradient(i), services_.threads)) continue;
    Fail(fmt::format("the gradient of parameter \"{}\"", graph.node(graph.gradients[i].parameter).name));
  }
}

void NumberGuard::CheckMoments(bool finite, std::int64_t update) {
  if (finite) return;
  const Executable& executable = run_.executor.executable();
  for (size_t i = 0; i < executable.graph.gradients.size(); ++i) {
    if (!executable.graph.gradients[i].gradient) continue;
    for (int slot = 0; slot < executable.options.optimizer_slots; ++slot) {
      const std::optional<size_t> at = FirstNotFinite(run_.executor.OptimizerSlot(i, slot));
      if (at) FailAtMoment(i, slot, *at, update);
    }
  }
}

// The gradients were finite: their squares, or the sum of many, are not.
void NumberGuard::FailAtMoment(size_t index, int slot, size_t at, std::int64_t update) {
  const Executable& executable = run_.executor.executable();
  const Node& parameter = executable.graph.node(executable.graph.gradients[index].parameter);
  const std::span<const float> values = run_.executor.OptimizerSlot(index, slot);
  const std::span<const float> gradient =
      executable.options.accumulate ? run_.executor.GradientSum(index) : run_.executor.Gradient(index);
  const std::string_view name = OptimizerSlotName(loaded_.model.train(), slot);
  throw NotFiniteError(
      fmt::format(
          "training: the {} of parameter \"{}\" is not finite (update {})\n  {}parameter \"{}\": the {} that "
          "{} keeps is {}, where the gradient is {:.6g}: gradients are too large for it; limit them with "
          "train.clip_norm or train.clip_value, or scale the loss down",
          name, parameter.name, update, PlaceOf(loaded_, parameter), parameter.name, name,
          OptimizerName(loaded_.model.train()), ElementText(parameter.shape, at, values[at]), gradient[at]),
      NotFiniteError::Cause::kTraining);
}

void NumberGuard::Fail(const std::string& what) {
  const NumberOrigin origin = TraceNotFinite(loaded_, services_, run_);
  throw NotFiniteError(
      fmt::format("training: {} is not finite (update {})\n  {}", what, run_.update, origin.text),
      origin.cause);
}

}  // namespace plgraph
