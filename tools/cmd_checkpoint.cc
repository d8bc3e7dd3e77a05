#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "core/error.h"
#include "serialization/checkpoint.h"
#include "serialization/npy.h"
#include "tools/commands.h"
#include "tools/machine.h"
#include "tools/model_options.h"

namespace plgraph {
namespace {

struct Options {
  std::string checkpoint;
  std::string out;
  bool all = false;
};

Checkpoint Read(Machine& machine, const std::string& path) {
  if (!machine.files().Exists(path)) throw Error(ErrorKind::kInvalid, fmt::format("{}: no such file", path));
  return ReadCheckpoint(machine.files(), path);
}

void PrintTensors(const NamedTensors& tensors, std::string_view kind) {
  for (const NamedTensor& entry : tensors) {
    const std::vector<double> values = entry.tensor.As<double>();
    double low = 0;
    double high = 0;
    double squares = 0;
    if (!values.empty()) {
      low = *std::min_element(values.begin(), values.end());
      high = *std::max_element(values.begin(), values.end());
    }
    for (const double value : values) squares += value * value;
    const double rms = std::sqrt(squares / static_cast<double>(std::max<size_t>(1, values.size())));
    fmt::print("{:<20} {:<10} {:<7} {:<16} {:>12}  {:>11.4g} {:>11.4g} {:>11.4g}\n", entry.name, kind,
               NameOf(entry.tensor.dtype()), entry.tensor.shape().ToString(),
               Grouped(entry.tensor.shape().NumElements()), low, high, rms);
  }
}

int Show(const Options& options) {
  Machine machine(1);
  const Checkpoint checkpoint = Read(machine, options.checkpoint);
  fmt::print("model        {}\n", checkpoint.model);
  fmt::print("episode      {}\n", checkpoint.episode);
  fmt::print("update       {}\n", checkpoint.update);
  fmt::print("optimizer    {}\n", checkpoint.optimizer);
  fmt::print("seed         {}\n", checkpoint.seed);
  if (checkpoint.rollbacks > 0) fmt::print("rollbacks    {}\n", checkpoint.rollbacks);
  if (checkpoint.best_metric) fmt::print("best loss    {:.6g}\n", *checkpoint.best_metric);
  fmt::print("fingerprint  {:016x}\n\n", ParameterFingerprint(checkpoint.parameters));
  fmt::print("{:<20} {:<10} {:<7} {:<16} {:>12}  {:>11} {:>11} {:>11}\n", "tensor", "kind", "type", "shape",
             "elements", "min", "max", "rms");
  PrintTensors(checkpoint.parameters, "parameter");
  PrintTensors(checkpoint.moments, "moment");
  PrintTensors(checkpoint.states, "state");
  return 0;
}

void AppendWithPrefix(const NamedTensors& from, const std::string& prefix, NamedTensors& to) {
  for (const NamedTensor& entry : from) to.push_back({prefix + entry.name, entry.tensor});
}

int Export(const Options& options) {
  Machine machine(1);
  const Checkpoint checkpoint = Read(machine, options.checkpoint);
  NamedTensors tensors = checkpoint.parameters;
  if (options.all) {
    AppendWithPrefix(checkpoint.moments, "moment/", tensors);
    AppendWithPrefix(checkpoint.states, "state/", tensors);
  }
  WriteNpz(machine.files(), options.out, tensors);
  fmt::print("wrote {} tensors to {}\n", tensors.size(), options.out);
  return 0;
}

}  // namespace

void AddCheckpointCommand(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("checkpoint", "Look into a checkpoint, or take the tensors out of it");
  command->require_subcommand(1);
  auto options = std::make_shared<Options>();

  CLI::App* show = command->add_subcommand("show", "Print where training was, and every tensor");
  show->footer("Example:\n  plgraph checkpoint show runs/a/last.ckpt");
  show->add_option("CHECKPOINT", options->checkpoint, "The checkpoint")->required();
  show->callback([options, &action] { action = [options] { return Show(*options); }; });

  CLI::App* save = command->add_subcommand("export", "Write the parameters to an .npz file, by their names");
  save->footer(
      "NumPy reads the file (numpy.load), and so do --init of `train` and `gradcheck`.\n\n"
      "Example:\n  plgraph checkpoint export runs/a/best.ckpt w.npz");
  save->add_option("CHECKPOINT", options->checkpoint, "The checkpoint")->required();
  save->add_option("OUT", options->out, "The .npz file to write")->required();
  save->add_flag("--all", options->all,
                 "Also what the optimizer keeps (as moment/...) and kept states (as state/...)");
  save->callback([options, &action] { action = [options] { return Export(*options); }; });
}

}  // namespace plgraph
