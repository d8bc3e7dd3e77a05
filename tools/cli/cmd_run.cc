#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/named_tensor.h"
#include "core/print.h"
#include "serialization/formats/npy.h"
#include "tools/cli/commands.h"
#include "tools/cli/model_options.h"
#include "tools/cli/output_paths.h"
#include "tools/cli/wrong_usage.h"
#include "tools/observe/image_grid.h"
#include "tools/training/given_arrays.h"
#include "tools/training/model_run.h"
#include "tools/training/parameters.h"

namespace plgraph {
namespace {

struct Options {
  ModelOptions model;
  std::string checkpoint;
  bool partial = false;
  std::vector<std::string> inputs;
  std::int64_t episodes = 0;
  std::optional<std::int64_t> steps;
  bool last = false;
  std::vector<std::string> outputs;
  std::vector<std::string> grids;
  std::pair<double, double> grid_range = {0, 1};
};

struct Assignment {
  std::string left;
  std::string right;
};

// LEFT=RIGHT
Assignment Split(const std::string& assignment, std::string_view option, std::string_view form) {
  const size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == assignment.size()) {
    throw Error(ErrorKind::kInvalid, fmt::format("{} {}: expected {}", option, assignment, form));
  }
  return {assignment.substr(0, equals), assignment.substr(equals + 1)};
}

constexpr std::string_view kArrayForm = "NAME=FILE.npy, e.g. cue=cue.npy";
constexpr std::string_view kGridForm = "FILE.png=VALUE,..., e.g. g.png=cue,y_next";

NamedTensors ReadInputs(const Options& options, FileSystem& files) {
  NamedTensors inputs;
  for (const std::string& assignment : options.inputs) {
    const auto [name, path] = Split(assignment, "--input", kArrayForm);
    if (FindTensor(inputs, name) != nullptr) {
      throw Error(ErrorKind::kInvalid, fmt::format("--input {}: given twice", name));
    }
    if (!files.Exists(path)) throw Error(ErrorKind::kInvalid, fmt::format("{}: no such file", path));
    inputs.push_back({name, ReadNpy(files, path)});
  }
  return inputs;
}

// The model's own episodes, or those of the arrays that are given, all of them.
std::unique_ptr<ModelRun> MakeRun(const Options& options, LoadedModel& loaded,
                                  std::vector<std::string> values, Machine& machine) {
  const StepsTaken taken = options.last ? StepsTaken::kLast : StepsTaken::kAll;
  if (options.episodes > 0) {
    const Services services = machine.services();
    auto data = OpenData(loaded, DataUse::kEvaluation, services.files, &services.memory);
    PrintNote(data->facts().note);
    return std::make_unique<ModelRun>(loaded, std::move(data), options.episodes, std::move(values), services,
                                      taken);
  }
  loaded.model.mutable_train()->clear_truncate_steps();  // arrays have as many steps as they like
  auto arrays = MakeGivenArrays(loaded, ReadInputs(options, machine.files()), values, options.steps);
  const std::int64_t episodes = arrays->episodes().value_or(0);
  return std::make_unique<ModelRun>(loaded, std::move(arrays), episodes, std::move(values),
                                    machine.services(), taken);
}

struct Grid {
  std::string path;
  GridSpec spec;
};

void CheckAllAtLast(const std::vector<GridColumn>& columns) {
  for (const GridColumn& column : columns) {
    if (!column.step) continue;
    throw Error(ErrorKind::kInvalid,
                fmt::format("--grid {}@{}: with --last there is only the last step; leave "
                            "out --last, or the step",
                            column.value, *column.step));
  }
}

std::vector<Grid> Grids(const Options& options, const LoadedModel& loaded) {
  const auto [low, high] = options.grid_range;
  CheckGridRange(low, high);
  std::vector<Grid> grids;
  for (const std::string& assignment : options.grids) {
    const auto [path, values] = Split(assignment, "--grid", kGridForm);
    grids.push_back({path, {ParseGridColumns(values, "--grid"), low, high}});
    CheckGrid(loaded, grids.back().spec.columns, "--grid");
    if (options.last) CheckAllAtLast(grids.back().spec.columns);
  }
  return grids;
}

const RunResult& Find(const std::vector<RunResult>& results, const std::string& name) {
  return *std::find_if(results.begin(), results.end(), [&](const RunResult& r) { return r.name == name; });
}

// The files that are written, as the command line names them.
std::vector<OutputPath> OutputPaths(const Options& options) {
  std::vector<OutputPath> paths;
  for (const std::string& assignment : options.outputs) {
    paths.push_back({"--output " + assignment, Split(assignment, "--output", kArrayForm).right});
  }
  for (const std::string& assignment : options.grids) {
    paths.push_back({"--grid " + assignment, Split(assignment, "--grid", kGridForm).left});
  }
  return paths;
}

std::vector<std::string> InputPaths(const Options& options, const LoadedModel& loaded, FileSystem& files) {
  std::vector<std::string> paths = FilesOfModel(files, options.model.path, loaded);
  paths.push_back(options.checkpoint);
  for (const std::string& assignment : options.inputs) {
    paths.push_back(Split(assignment, "--input", kArrayForm).right);
  }
  return paths;
}

int Run(const Options& options) {
  Machine machine(options.model.threads);
  LoadedModel loaded = LoadModel(machine, options.model);
  if (options.outputs.empty() && options.grids.empty()) {
    throw Error(ErrorKind::kInvalid,
                "run: nothing to write; add --output NAME=FILE.npy or --grid FILE.png=NAME,...");
  }
  std::FILE* text = CheckOutputs(OutputPaths(options), InputPaths(options, loaded, machine.files()));
  std::vector<Assignment> arrays;
  std::vector<GridColumn> columns;
  for (const std::string& assignment : options.outputs) {
    arrays.push_back(Split(assignment, "--output", kArrayForm));
    columns.push_back({arrays.back().left});
  }
  const std::vector<Grid> grids = Grids(options, loaded);
  for (const Grid& grid : grids) {
    columns.insert(columns.end(), grid.spec.columns.begin(), grid.spec.columns.end());
  }
  const std::string checkpoint = NeededCheckpoint(machine, options.model, options.checkpoint);
  const std::unique_ptr<ModelRun> run = MakeRun(options, loaded, ValuesOf(columns), machine);
  PrintNote(
      LoadParameters(loaded, checkpoint, CoverageOf(options.partial), machine.files(), run->executor()));
  const std::vector<RunResult> results = run->Run();
  for (const auto& [name, path] : arrays) {
    const Tensor& tensor = Find(results, name).tensor;
    WriteNpy(machine.files(), path, tensor);
    Print(text, "{} {} -> {}\n", name, tensor.shape().ToString(), path);
  }
  for (const auto& [path, spec] : grids) {
    const RgbImage image = DrawGrid(spec, results, "--grid");
    WriteFileAtomically(machine.files(), path, EncodePng(image));
    Print(text, "{} x {} pixels -> {}\n", image.width, image.height, path);
  }
  return 0;
}

}  // namespace

void AddRunCommand(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("run", "Run a trained model on arrays of your own");
  command->footer(
      "Arrays are [episodes, T, shape], or [episodes, shape] for an input with `per: EPISODE`; if all are of "
      "the\n"
      "latter kind, --steps says how many steps an episode has. Episodes run as in `plgraph eval`: "
      "train.batch "
      "of them\n"
      "side by side; states start from their initial values, KEPT ones go on from batch to batch. Any node, "
      "state,\n"
      "input or parameter can be an output: [episodes, T, shape], without the axes along which it does not "
      "change.\n"
      "Inputs that no output needs may be left out. With --episodes the episodes are the first ones of "
      "`plgraph eval`\n"
      "instead, and the outputs are those that it measures.\n\n"
      "A grid is a picture with a row for each episode and a column for each value, at its last step or at "
      "that\n"
      "behind an @. An image is [H, W], [1, H, W], [3, H, W], or a vector whose size is a square.\n\n"
      "Examples:\n"
      "  plgraph run models/pattern_completion.pbtxt --checkpoint runs/a/best.ckpt \\\n"
      "      --input cue=cue.npy --output y_next=y.npy --output hebb_next=trace.npy\n"
      "  plgraph run runs/a --episodes 100 --output y_next=y.npy\n"
      "  plgraph run models/pattern_reconstruction.pbtxt --checkpoint runs/a/best.ckpt --episodes 8 \\\n"
      "      --grid restored.png=cue,y_next,target --grid-range=-1,1");
  auto options = std::make_shared<Options>();
  AddModelOptions(*command, options->model);
  command->add_option(
      "--checkpoint", options->checkpoint,
      "A checkpoint, or an .npz with every parameter by name (default for a run: its best.ckpt, or "
      "else its last.ckpt)");
  AddPartialFlag(*command, options->partial);
  CLI::Option* input = command->add_option("--input", options->inputs, "What an input reads; may be repeated")
                           ->type_name("NAME=FILE.npy")
                           ->allow_extra_args(false);
  command
      ->add_option("--episodes", options->episodes,
                   "Run so many episodes of the model's own data for evaluations, in place of --input")
      ->check(Count())
      ->excludes(input);
  command
      ->add_option("--steps", options->steps,
                   "Steps of an episode, where no input that is given has an axis of steps")
      ->check(Count())
      ->excludes("--episodes");
  command->add_flag("--last", options->last,
                    "Write values at the last step of each episode only: [episodes, shape]");
  command->add_option("--output", options->outputs, "Where a value is written; may be repeated")
      ->type_name("NAME=FILE.npy")
      ->allow_extra_args(false);
  command->add_option("--grid", options->grids, "Where a picture of some values is written; may be repeated")
      ->type_name("FILE.png=NAME[@STEP],...")
      ->allow_extra_args(false);
  AddGridRange(*command, options->grid_range);
  command->callback([options, &action] { action = [options] { return Run(*options); }; });
}

}  // namespace plgraph
