#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "core/error.h"
#include "serialization/npy.h"
#include "tools/commands.h"
#include "tools/model_options.h"
#include "tools/model_run.h"
#include "tools/training/parameters.h"

namespace plgraph {
namespace {

struct Options {
  ModelOptions model;
  std::string checkpoint;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
};

// NAME=FILE
std::pair<std::string, std::string> Split(const std::string& assignment, std::string_view option) {
  const size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == assignment.size()) {
    throw Error(ErrorKind::kInvalid,
                fmt::format("{} {}: expected NAME=FILE.npy, e.g. cue=cue.npy", option, assignment));
  }
  return {assignment.substr(0, equals), assignment.substr(equals + 1)};
}

int Run(const Options& options) {
  Machine machine(options.model.threads);
  const LoadedModel loaded = LoadModel(machine, options.model);
  NamedTensors inputs;
  for (const std::string& assignment : options.inputs) {
    const auto [name, path] = Split(assignment, "--input");
    if (FindTensor(inputs, name) != nullptr) {
      throw Error(ErrorKind::kInvalid, fmt::format("--input {}: given twice", name));
    }
    if (!machine.files().Exists(path))
      throw Error(ErrorKind::kInvalid, fmt::format("{}: no such file", path));
    inputs.push_back({name, ReadNpy(machine.files(), path)});
  }
  std::vector<std::string> names;
  std::vector<std::string> paths;
  for (const std::string& assignment : options.outputs) {
    const auto [name, path] = Split(assignment, "--output");
    names.push_back(name);
    paths.push_back(path);
  }
  const NamedTensors parameters = ReadParameterFile(machine.files(), options.checkpoint);
  const NamedTensors results =
      RunModel(loaded, parameters, options.checkpoint, inputs, names, machine.services());
  for (size_t i = 0; i < results.size(); ++i) {
    WriteNpy(machine.files(), paths[i], results[i].tensor);
    fmt::print("{} {} -> {}\n", names[i], results[i].tensor.shape().ToString(), paths[i]);
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
      "without the axes along which it does not change. Inputs that no output needs may be left out.\n\n"
      "Example:\n"
      "  plgraph run models/pattern_completion.pbtxt --checkpoint runs/a/best.ckpt \\\n"
      "      --input cue=cue.npy --output y_next=y.npy --output hebb_next=trace.npy");
  auto options = std::make_shared<Options>();
  AddModelOptions(*command, options->model);
  command
      ->add_option("--checkpoint", options->checkpoint,
                   "A checkpoint, or an .npz with every parameter by name")
      ->required();
  command->add_option("--input", options->inputs, "What an input reads; may be repeated")
      ->type_name("NAME=FILE.npy")
      ->required()
      ->allow_extra_args(false);
  command->add_option("--output", options->outputs, "Where a value is written; may be repeated")
      ->type_name("NAME=FILE.npy")
      ->required()
      ->allow_extra_args(false);
  command->callback([options, &action] { action = [options] { return Run(*options); }; });
}

}  // namespace plgraph
