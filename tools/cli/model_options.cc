#include "tools/cli/model_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "core/error.h"
#include "core/print.h"
#include "tools/training/run_location.h"

namespace plgraph {

void AddModelOptions(CLI::App& command, ModelOptions& options) {
  command
      .add_option("MODEL", options.path,
                  "The model: a .pbtxt, a .plan from `plgraph compile -o`, or the folder of a run")
      ->required();
  command
      .add_option("--set", options.overrides,
                  "Change a field of the model, as if the file said so; may be repeated.\n"
                  "  --set train.batch=8             a field by its path\n"
                  "  --set parameter.w.normal.stddev=0.02   of the parameter named w\n"
                  "  --set n=200                     the size of the dim named n")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  command.add_option("--threads", options.threads, "Threads; 0: one for each core. Never changes a result")
      ->check(CLI::Range(0, 1024));
}

void AddGridRange(CLI::App& command, std::pair<double, double>& range) {
  command
      .add_option("--grid-range", range,
                  "What is black and what is white in --grid, e.g. --grid-range=-1,1; default: 0,1")
      ->delimiter(',')
      ->type_name("LOW,HIGH");
}

void AddPartialFlag(CLI::App& command, bool& partial) {
  command.add_flag("--partial", partial,
                   "Take what matches of a file that does not fit the model; the rest begins as the model "
                   "says.\nPrints what matches, what is missing and what is left over");
}

void PrintNote(const std::string& note) {
  if (!note.empty()) Print(stderr, "{}\n", note);
}

std::string CheckpointOf(Machine& machine, const ModelOptions& options, const std::string& given) {
  if (!given.empty() || !IsRun(machine.files(), options.path)) return given;
  std::string checkpoint = CheckpointOfRun(machine.files(), options.path);
  PrintNote(fmt::format("parameters of {}", checkpoint));
  return checkpoint;
}

std::string NeededCheckpoint(Machine& machine, const ModelOptions& options, const std::string& given) {
  std::string checkpoint = CheckpointOf(machine, options, given);
  if (!checkpoint.empty()) return checkpoint;
  throw Error(
      ErrorKind::kInvalid,
      fmt::format("{}: a model has no trained parameters; name a file of them by --checkpoint, or name "
                  "the folder of a run instead of the model",
                  options.path));
}

LoadedModel LoadModel(Machine& machine, const ModelOptions& options) {
  LoadedModel loaded = LoadModelOrRun(machine.files(), options.path, options.overrides);
  PrintNote(loaded.warnings);
  return loaded;
}

}  // namespace plgraph
