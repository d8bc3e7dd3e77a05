#include "tools/training/plan_match.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "core/error.h"
#include "serialization/state/frame.h"

namespace plgraph {
namespace {

// What decides on the steps of a run, and on whether there is anything to train.
constexpr std::array<std::string_view, 5> kDecisive = {"train.data", "train.truncate_steps", "train.sgd",
                                                       "train.adam", "train.rmsprop"};

bool IsDecisive(const std::string& assignment) {
  return std::any_of(kDecisive.begin(), kDecisive.end(),
                     [&](std::string_view path) { return assignment.starts_with(path); });
}

std::string Text(const PlannedFor& planned) {
  std::string text = fmt::format("{} {} of {}", planned.training ? "training on" : "running",
                                 planned.continued ? "windows" : "whole episodes",
                                 planned.steps == 1 ? "1 step" : fmt::format("{} steps", planned.steps));
  for (const std::string& output : planned.outputs) text += fmt::format(" with output {}", output);
  return text;
}

}  // namespace

void CheckIsOfModel(const Plan& plan, const Graph& model, const std::string& path) {
  for (int id = 0; id < model.size(); ++id) {
    const Node& node = model.node(Value{id});
    if (node.kind != NodeKind::kInput && node.kind != NodeKind::kParameter) continue;
    const Value found = plan.graph.Find(node.name);
    if (found && plan.graph.node(found).kind == node.kind && plan.graph.node(found).shape == node.shape &&
        plan.graph.node(found).variance == node.variance &&
        plan.graph.node(found).trainable == node.trainable) {
      continue;
    }
    FailDamaged(path,
                fmt::format("its graph is not that of its model: it lacks \"{}\", or has it of another kind",
                            node.name));
  }
}

Error OtherPlan(const std::string& path, const PlannedFor& planned, const PlannedFor& asked,
                const std::vector<std::string>& overrides) {
  std::string given;
  for (const std::string& assignment : overrides) {
    if (IsDecisive(assignment)) given += fmt::format("{}--set {}", given.empty() ? "" : " ", assignment);
  }
  std::string with = given.empty() ? "" : " with " + given;
  if (given.empty() && asked.training && !planned.training) with = " with an optimizer in `train`";
  return Error(ErrorKind::kInvalid,
               fmt::format("{}: the plan was compiled for {}, but {} asks for {}; compile the model again "
                           "from its text{}",
                           path, Text(planned), given.empty() ? "this command" : given, Text(asked), with));
}

}  // namespace plgraph
