#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "core/error.h"
#include "core/print.h"
#include "serialization/formats/npy.h"
#include "serialization/state/checkpoint.h"
#include "tools/cli/commands.h"
#include "tools/cli/machine.h"
#include "tools/cli/model_options.h"
#include "tools/cli/output_paths.h"
#include "tools/report/grouped.h"
#include "tools/training/tensor_match.h"

namespace plgraph {
namespace {

struct Options {
  std::string checkpoint;
  std::string out;
  std::string salvage;
  bool all = false;
};

std::vector<std::byte> ReadBytes(Machine& machine, const std::string& path) {
  if (!machine.files().Exists(path)) throw Error(ErrorKind::kInvalid, fmt::format("{}: no such file", path));
  return machine.files().Read(path);
}

Checkpoint Read(Machine& machine, const std::string& path) {
  return DecodeCheckpoint(ReadBytes(machine, path), path);
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
    Print(stdout, "{:<20} {:<10} {:<7} {:<16} {:>12}  {:>11.4g} {:>11.4g} {:>11.4g}\n", entry.name, kind,
          NameOf(entry.tensor.dtype()), entry.tensor.shape().ToString(),
          Grouped(entry.tensor.shape().NumElements()), low, high, rms);
    if (const std::string fault = NotFinite(entry.tensor); !fault.empty()) Print(stdout, "  {}\n", fault);
  }
}

int Show(const Options& options) {
  Machine machine(1);
  const Checkpoint checkpoint = Read(machine, options.checkpoint);
  Print(stdout, "model        {}\n", checkpoint.model);
  Print(stdout, "episode      {}\n", checkpoint.episode);
  Print(stdout, "update       {}\n", checkpoint.update);
  Print(stdout, "optimizer    {}\n", checkpoint.optimizer);
  Print(stdout, "seed         {}\n", checkpoint.seed);
  if (checkpoint.rollbacks > 0) Print(stdout, "rollbacks    {}\n", checkpoint.rollbacks);
  if (checkpoint.best_metric) Print(stdout, "best loss    {:.6g}\n", *checkpoint.best_metric);
  Print(stdout, "fingerprint  {:016x}\n\n", ParameterFingerprint(checkpoint.parameters));
  Print(stdout, "{:<20} {:<10} {:<7} {:<16} {:>12}  {:>11} {:>11} {:>11}\n", "tensor", "kind", "type",
        "shape", "elements", "min", "max", "rms");
  PrintTensors(checkpoint.parameters, "parameter");
  PrintTensors(checkpoint.moments, "moment");
  PrintTensors(checkpoint.states, "state");
  return 0;
}

void AppendWithPrefix(const NamedTensors& from, const std::string& prefix, NamedTensors& to) {
  for (const NamedTensor& entry : from) to.push_back({prefix + entry.name, entry.tensor});
}

// Parameters by their names; with `all`, also the rest.
NamedTensors TensorsOf(const Checkpoint& checkpoint, bool all) {
  NamedTensors tensors = checkpoint.parameters;
  if (all) {
    AppendWithPrefix(checkpoint.moments, "moment/", tensors);
    AppendWithPrefix(checkpoint.states, "state/", tensors);
  }
  return tensors;
}

// What is not finite among the intact tensors, by kind and name.
std::string NotFiniteOf(const TensorReport& report, const Checkpoint& whole) {
  const NamedTensors& list = report.kind == "parameter" ? whole.parameters
                             : report.kind == "moment"  ? whole.moments
                                                        : whole.states;
  const Tensor* tensor = FindTensor(list, report.name);
  return tensor == nullptr ? "" : NotFinite(*tensor);
}

void PrintReport(std::FILE* text, const CheckpointReport& report) {
  for (const TensorReport& tensor : report.tensors) {
    const std::string not_finite = NotFiniteOf(tensor, report.whole);
    const std::string state = !tensor.fault.empty() ? "DAMAGED: " + tensor.fault
                              : not_finite.empty()  ? "whole"
                                                    : "whole, but " + not_finite;
    Print(text, "{:<10} {:<20} {:<7} {:<16} {}\n", tensor.kind, tensor.name, NameOf(tensor.dtype),
          tensor.shape.ToString(), state);
  }
  for (const std::string& fault : report.faults) Print(text, "DAMAGED: {}\n", fault);
}

void Salvage(std::FILE* text, const CheckpointReport& report, const Options& options, FileSystem& files) {
  const NamedTensors tensors = TensorsOf(report.whole, true);
  if (tensors.empty()) {
    throw Error(ErrorKind::kRuntime, fmt::format("{}: holds no intact tensor; {} was not written",
                                                 options.checkpoint, options.salvage));
  }
  WriteNpz(files, options.salvage, tensors);
  Print(text, "wrote the {} intact tensors to {}\n", tensors.size(), options.salvage);
}

int Verify(const Options& options) {
  std::FILE* text = CheckOutputs({{"--salvage " + options.salvage, options.salvage}}, {options.checkpoint});
  Machine machine(1);
  const CheckpointReport report =
      InspectCheckpoint(ReadBytes(machine, options.checkpoint), options.checkpoint);
  PrintReport(text, report);
  if (!options.salvage.empty()) Salvage(text, report, options, machine.files());
  const auto damaged = std::count_if(report.tensors.begin(), report.tensors.end(),
                                     [](const TensorReport& tensor) { return !tensor.fault.empty(); });
  if (damaged == 0 && report.faults.empty()) return 0;
  throw Error(ErrorKind::kRuntime,
              fmt::format("{}: the file is damaged: {} of {} tensors{}", options.checkpoint, damaged,
                          report.tensors.size(), report.faults.empty() ? "" : ", and what lies around them"));
}

int Export(const Options& options) {
  std::FILE* text = CheckOutputs({{"export " + options.out, options.out}}, {options.checkpoint});
  Machine machine(1);
  const NamedTensors tensors = TensorsOf(Read(machine, options.checkpoint), options.all);
  WriteNpz(machine.files(), options.out, tensors);
  Print(text, "wrote {} tensors to {}\n", tensors.size(), options.out);
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

  CLI::App* verify = command->add_subcommand("verify", "Say which tensors are intact and which are damaged");
  verify->footer(
      "Exit code 0: every byte is as it was written; 1: something is damaged, cut or follows the end. A "
      "damaged "
      "header\n"
      "leaves nothing to be read: it says where the tensors are. Numbers that are not finite are reported, "
      "but are no "
      "damage;\n"
      "`train`, `eval`, `run` and `gradcheck` do not take such a tensor.\n\n"
      "Examples:\n"
      "  plgraph checkpoint verify runs/a/last.ckpt\n"
      "  plgraph checkpoint verify runs/a/last.ckpt --salvage whole.npz\n"
      "  plgraph train models/oja.pbtxt --run-dir runs/b --init whole.npz --partial");
  verify->add_option("CHECKPOINT", options->checkpoint, "The checkpoint")->required();
  verify->add_option("--salvage", options->salvage,
                     "Write the intact tensors to this .npz (named as by `export --all`)");
  verify->callback([options, &action] { action = [options] { return Verify(*options); }; });

  CLI::App* save = command->add_subcommand("export", "Write the parameters to an .npz file, by their names");
  save->footer(
      "NumPy reads the file (numpy.load), and so do --init of `train` and `gradcheck`.\n\n"
      "Example:\n  plgraph checkpoint export runs/a/best.ckpt w.npz");
  save->add_option("CHECKPOINT", options->checkpoint, "The checkpoint")->required();
  save->add_option("OUT", options->out, "The .npz file to write; - for stdout")->required();
  save->add_flag("--all", options->all,
                 "Also what the optimizer keeps (as moment/...) and kept states (as state/...)");
  save->callback([options, &action] { action = [options] { return Export(*options); }; });
}

}  // namespace plgraph
