#include "tools/training/loaded_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/diagnostics.h"
#include "core/error.h"
#include "core/paths.h"
#include "graph/compile.h"
#include "graph/ir/check.h"
#include "serialization/language/check_train.h"
#include "serialization/language/graph_from_model.h"
#include "serialization/language/overrides.h"
#include "serialization/language/text_reader.h"
#include "tools/training/batch_statistics.h"
#include "tools/training/optimizer.h"
#include "tools/training/plan_match.h"

namespace plgraph {
namespace {

// Builds and checks the graph of a model; throws with all its faults.
LoadedModel Checked(const std::string& path, ModelText text, Diagnostics& diagnostics) {
  Graph graph = GraphFromModel(text.model, text.locations, diagnostics);
  CheckGraph(graph, diagnostics);
  CheckTrain(text.model, text.locations, graph, diagnostics);
  diagnostics.ThrowIfErrors();
  std::string warnings = diagnostics.ToString();
  if (!warnings.empty()) warnings.pop_back();
  return {.path = path,
          .folder = FolderOf(path),
          .model = std::move(text.model),
          .graph = std::move(graph),
          .sources = diagnostics.sources(),
          .warnings = std::move(warnings)};
}

LoadedModel LoadPlan(std::span<const std::byte> bytes, const std::string& path,
                     const std::vector<std::string>& overrides) {
  Plan plan = DecodePlan(bytes, path);
  for (const std::string& assignment : overrides) {
    if (assignment.starts_with("train.")) continue;
    throw Error(
        ErrorKind::kInvalid,
        fmt::format("--set {}: {} is a plan, whose graph is compiled; of a plan only fields of `train` can "
                    "be set; compile the model again with this --set",
                    assignment, path));
  }
  ModelText text = {.model = plan.model, .locations = {}};
  ApplyOverrides(text, overrides);
  Diagnostics diagnostics(path);
  LoadedModel loaded = Checked(path, std::move(text), diagnostics);
  CheckIsOfModel(plan, loaded.graph, path);
  loaded.plan = std::move(plan);
  return loaded;
}

LoadedModel LoadText(std::span<const std::byte> bytes, const std::string& path,
                     const std::vector<std::string>& overrides) {
  Diagnostics diagnostics(path);
  ModelText text = ReadModel({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, diagnostics);
  try {
    ApplyOverrides(text, overrides);
  } catch (const Error&) {
    // A path may lead nowhere only because what it names could not be read.
    if (!diagnostics.has_errors()) throw;
  }
  return Checked(path, std::move(text), diagnostics);
}

LoadedModel LoadFile(FileSystem& files, const std::string& path, const std::vector<std::string>& overrides) {
  if (!files.Exists(path)) throw Error(ErrorKind::kInvalid, path + ": there is no such file");
  const std::vector<std::byte> bytes = files.Read(path);  // once: a pipe has nothing more
  return IsPlan(bytes) ? LoadPlan(bytes, path, overrides) : LoadText(bytes, path, overrides);
}

}  // namespace

LoadedModel LoadModel(FileSystem& files, const std::string& path, const std::vector<std::string>& overrides) {
  LoadedModel loaded = LoadFile(files, path, overrides);
  loaded.overrides = overrides;
  return loaded;
}

void CheckCanTrain(const LoadedModel& loaded, bool training) {
  const Train& train = loaded.model.train();
  std::vector<std::string> missing;
  if (!loaded.model.has_train()) {
    missing.push_back("`train { ... }`");
  } else {
    const bool has_data = train.has_data() || (!training && train.evaluation().has_data());
    if (!has_data) missing.push_back("`data { ... }` in `train`");
    if (training && train.optimizer_case() == Train::OPTIMIZER_NOT_SET) {
      missing.push_back("an optimizer in `train`, such as `adam { }`");
    }
  }
  if (loaded.model.loss_size() == 0) missing.push_back("`loss { ... }`");
  if (missing.empty()) return;
  std::string list;
  for (const std::string& part : missing) list += (list.empty() ? "" : " and ") + part;
  throw Error(ErrorKind::kInvalid, fmt::format("{}: cannot be {}: it needs {}", loaded.path,
                                               training ? "trained" : "evaluated", list));
}

std::unique_ptr<DataSource> OpenData(const LoadedModel& loaded, DataUse use, FileSystem& files,
                                     const MemoryBudget* memory) {
  const Train& train = loaded.model.train();
  const bool own = use == DataUse::kEvaluation && train.evaluation().has_data();
  const DataContext context = {
      .ports = InputPorts(loaded.graph),
      .seed = train.seed(),
      .use = use,
      .folder = loaded.folder,
      .memory = memory,
      .training = use == DataUse::kEvaluation && train.has_data() ? &train.data() : nullptr};
  try {
    return MakeDataSource(own ? train.evaluation().data() : train.data(), context, files);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: {}", loaded.path, error.what()));
  }
}

CompileOptions OptionsFor(const LoadedModel& loaded, std::int64_t data_steps, bool training) {
  const Train& train = loaded.model.train();
  const std::int64_t window = train.truncate_steps() > 0 ? train.truncate_steps() : data_steps;
  if (data_steps % window != 0) {
    throw Error(
        ErrorKind::kInvalid,
        fmt::format("{}: train.truncate_steps is {}, but an episode has {} steps; windows must divide it",
                    loaded.path, window, data_steps));
  }
  if (train.truncate_steps() > 0 && train.accumulate() > 1) {
    throw Error(
        ErrorKind::kInvalid,
        fmt::format("{}: train.accumulate is {} and train.truncate_steps {}: every window makes its own "
                    "update, so there is nothing to accumulate; set one of them only",
                    loaded.path, train.accumulate(), train.truncate_steps()));
  }
  CompileOptions options;
  options.training = training;
  options.batch = train.batch();
  options.steps = window;
  options.continued = window < data_steps;
  options.optimizer_slots = training ? OptimizerSlots(train) : 0;
  options.accumulate = training && train.accumulate() > 1;
  return options;
}

CompileOptions ForwardOptions(const LoadedModel& loaded, const DataSource& data, std::int64_t episodes,
                              const std::vector<std::string>& outputs) {
  CompileOptions options = OptionsFor(loaded, data.steps(), false);
  options.batch = std::min({options.batch, episodes, data.episodes().value_or(episodes)});
  options.outputs = outputs;
  return options;
}

Executable MakeExecutable(const LoadedModel& loaded, CompileOptions options, const PassControl& control) {
  if (options.training) CheckBatchStatistics(loaded, options);
  if (!loaded.plan) return Compile(loaded.graph, options, control);
  if (options.training) options.trace_forms = loaded.plan->planned_for.trace_forms;
  const PlannedFor asked = options.planned_for();
  if (asked == loaded.plan->planned_for) return PlanExecution(loaded.plan->graph, options);
  if (options.training) throw OtherPlan(loaded.path, loaded.plan->planned_for, asked, loaded.overrides);
  return Compile(loaded.graph, options, control);
}

}  // namespace plgraph
