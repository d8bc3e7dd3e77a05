#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <utility>

#include "core/error.h"
#include "core/print.h"
#include "serialization/npy.h"
#include "tools/commands.h"
#include "tools/model_options.h"
#include "tools/training/image_grid.h"
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

NamedTensors Inputs(const Options& options, const LoadedModel& loaded, FileSystem& files) {
  if (options.episodes > 0) return ReadEpisodes(loaded, options.episodes, files);
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

struct Grid {
  std::string path;
  GridSpec spec;
};

std::vector<Grid> Grids(const Options& options, const LoadedModel& loaded) {
  const auto [low, high] = options.grid_range;
  CheckGridRange(low, high);
  std::vector<Grid> grids;
  for (const std::string& assignment : options.grids) {
    const auto [path, values] = Split(assignment, "--grid", "FILE.png=VALUE,..., e.g. g.png=cue,y_next");
    grids.push_back({path, {ParseGridColumns(values, "--grid"), low, high}});
    CheckGrid(loaded, grids.back().spec.columns, "--grid");
  }
  return grids;
}

const RunResult& Find(const std::vector<RunResult>& results, const std::string& name) {
  return *std::find_if(results.begin(), results.end(), [&](const RunResult& r) { return r.name == name; });
}

int Run(const Options& options) {
  Machine machine(options.model.threads);
  const LoadedModel loaded = LoadModel(machine, options.model);
  if (options.outputs.empty() && options.grids.empty()) {
    throw Error(ErrorKind::kInvalid,
                "run: nothing to write; add --output NAME=FILE.npy or --grid FILE.png=NAME,...");
  }
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
  ModelRun run(loaded, Inputs(options, loaded, machine.files()), ValuesOf(columns), machine.services());
  PrintNote(LoadParameters(loaded, options.checkpoint, CoverageOf(options.partial), machine.files(),
                           run.executor()));
  const std::vector<RunResult> results = run.Run();
  for (const auto& [name, path] : arrays) {
    const Tensor& tensor = Find(results, name).tensor;
    WriteNpy(machine.files(), path, tensor);
    Print(stdout, "{} {} -> {}\n", name, tensor.shape().ToString(), path);
  }
  for (const auto& [path, spec] : grids) {
    const RgbImage image = DrawGrid(spec, results, "--grid");
    WriteFileAtomically(machine.files(), path, EncodePng(image));
    Print(stdout, "{} x {} pixels -> {}\n", image.width, image.height, path);
  }
  return 0;
}

}  // namespace

void AddRunCommand(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("run", "Run a trained model on arrays of your own");
  command->footer(
      "Arrays are [episodes, T, shape], or [episodes, shape] for an input with `per: EPISODE`; every episode "
      "starts\n"
      "from the states' initial values. Any node, state, input or parameter can be an output: [episodes, T, "
      "shape],\n"
      "without the axes along which it does not change. Inputs that no output needs may be left out.\n"
      "With --episodes the inputs are the first episodes of `plgraph eval` instead.\n\n"
      "A grid is a picture with a row for each episode and a column for each value, at its last step or at "
      "that\n"
      "behind an @. An image is [H, W], [1, H, W], [3, H, W], or a vector whose size is a square.\n\n"
      "Examples:\n"
      "  plgraph run models/pattern_completion.pbtxt --checkpoint runs/a/best.ckpt \\\n"
      "      --input cue=cue.npy --output y_next=y.npy --output hebb_next=trace.npy\n"
      "  plgraph run models/pattern_reconstruction.pbtxt --checkpoint runs/a/best.ckpt --episodes 8 \\\n"
      "      --grid restored.png=cue,y_next,target --grid-range=-1,1");
  auto options = std::make_shared<Options>();
  AddModelOptions(*command, options->model);
  command
      ->add_option("--checkpoint", options->checkpoint,
                   "A checkpoint, or an .npz with every parameter by name")
      ->required();
  AddPartialFlag(*command, options->partial);
  CLI::Option* input = command->add_option("--input", options->inputs, "What an input reads; may be repeated")
                           ->type_name("NAME=FILE.npy")
                           ->allow_extra_args(false);
  command
      ->add_option("--episodes", options->episodes,
                   "Run so many episodes of the model's own data for evaluations, in place of --input")
      ->check(CLI::PositiveNumber)
      ->excludes(input);
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
