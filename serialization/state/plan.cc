#include "serialization/state/plan.h"

#include <fmt/format.h>

#include "serialization/state/frame.h"
#include "serialization/state/plan.pb.h"
#include "serialization/state/plan_graph.h"

namespace plgraph {
namespace {

constexpr FrameKind kKind = {.magic = "PLGPLAN\n", .version = 4, .name = "plan"};

}  // namespace

bool IsPlan(std::span<const std::byte> bytes) { return HasMagic(bytes, kKind); }

std::vector<std::byte> EncodePlan(const Plan& plan) {
  PlanFile file;
  *file.mutable_model() = plan.model;
  WriteGraph(plan.graph, file);
  file.set_training(plan.planned_for.training);
  file.set_steps(plan.planned_for.steps);
  file.set_continued(plan.planned_for.continued);
  for (const std::string& output : plan.planned_for.outputs) file.add_output(output);
  for (const ForcedForm& forced : plan.planned_for.trace_forms) {
    PlanForcedForm& written = *file.add_trace_form();
    written.set_trace(forced.trace);
    written.set_form(static_cast<PlanForcedForm::Form>(forced.form));
  }
  return MakeFrame(kKind, file.SerializeAsString());
}

Plan DecodePlan(std::span<const std::byte> bytes, const std::string& path) {
  const Frame frame = OpenFrame(bytes, kKind, path);
  if (frame.end != bytes.size()) {
    FailDamaged(path, fmt::format("expected {} bytes, found {}", frame.end, bytes.size()));
  }
  PlanFile file;
  ParseHeader(frame, file, path);
  if (file.steps() < 1) {
    FailDamaged(path, fmt::format("runs of {} steps; expected at least 1", file.steps()));
  }
  Graph graph = ReadGraph(file, path);
  for (const std::string& output : file.output()) {
    if (!graph.Find(output)) FailDamaged(path, fmt::format("its output \"{}\" is not a node", output));
  }
  std::vector<ForcedForm> forced;
  for (const PlanForcedForm& written : file.trace_form())
    forced.push_back({written.trace(), static_cast<ChosenForm>(written.form())});
  return {.model = std::move(*file.mutable_model()),
          .graph = std::move(graph),
          .planned_for = {.training = file.training(),
                          .steps = file.steps(),
                          .continued = file.continued(),
                          .outputs = {file.output().begin(), file.output().end()},
                          .trace_forms = std::move(forced)}};
}

void WritePlan(FileSystem& files, const std::string& path, const Plan& plan) {
  WriteFileAtomically(files, path, EncodePlan(plan));
}

Plan ReadPlan(FileSystem& files, const std::string& path) { return DecodePlan(files.Read(path), path); }

}  // namespace plgraph
