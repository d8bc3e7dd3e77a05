#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "core/error.h"
#include "core/print.h"
#include "serialization/npy.h"
#include "tools/commands.h"
#include "tools/model_options.h"
#include "tools/training/cost.h"
#include "tools/training/first_batch.h"
#include "tools/training/gradient_check.h"
#include "tools/training/parameters.h"

namespace plgraph {
namespace {

struct Options {
  ModelOptions model;
  std::string init;
  bool partial = false;
  std::string write;
  std::optional<double> tolerance;
  bool in_float = false;
};

// Above this many operations a forward run, a check along one more element takes seconds.
constexpr double kManyFlops = 1e8;

// Ops that only training has (dropout) are part of the loss whose gradient is checked.
bool HasTrainingOnlyOps(const Graph& graph) {
  for (int id = 0; id < graph.size(); ++id) {
    const OpDef* op = graph.node(Value{id}).op;
    if (op != nullptr && op->training_only) return true;
  }
  return false;
}

// The analytic side, in T: the loss, the gradients, and the parameters that they belong to.
struct Analytic {
  double loss = 0;
  NamedTensors gradients;
  NamedTensors parameters;
  bool has_own_loss = false;  // dropout, batch norm: the loss of training is another one than elsewhere
};

template <typename T>
Analytic ComputeGradients(const Options& options, const LoadedModel& loaded, Machine& machine) {
  FirstBatch<T> batch(loaded, machine.services(), true);
  const std::string init = CheckpointOf(machine, options.model, options.init);
  if (!init.empty()) {
    PrintNote(LoadParameters(loaded, init, CoverageOf(options.partial), machine.files(), batch.executor()));
  }
  Analytic analytic;
  analytic.loss = batch.Loss();
  analytic.gradients = batch.Gradients();
  analytic.parameters = GetParameters(batch.executor());
  analytic.has_own_loss = HasTrainingOnlyOps(batch.executable().graph);
  return analytic;
}

void WriteGradients(const Options& options, const Analytic& analytic, FileSystem& files) {
  if (options.write.empty()) return;
  NamedTensors tensors = analytic.gradients;
  if (options.in_float) {
    tensors.push_back({"loss", Tensor(Shape(), std::vector<float>{static_cast<float>(analytic.loss)})});
  } else {
    tensors.push_back({"loss", Tensor(Shape(), std::vector<double>{analytic.loss})});
  }
  WriteNpz(files, options.write, tensors);
}

// Prints one line a parameter; returns the worst of all, by name.
std::pair<std::string, ParameterCheck> CheckAll(const Analytic& analytic, FirstBatch<double>& batch) {
  const double flops = FlopsPerEpisode(batch.executable(), batch.executable().options.steps) *
                       static_cast<double>(batch.executable().options.batch);
  Print(stdout, "{:<16} {:<14} {:>6} {:>10}  {:<18} {:>22} {:>22} {:>9}\n", "parameter", "shape", "checks",
        "worst error", "along", "gradient", "finite difference", "+-");
  std::pair<std::string, ParameterCheck> worst;
  for (const NamedTensor& entry : analytic.gradients) {
    const std::vector<double> gradient = entry.tensor.As<double>();
    const GradientToCheck check = {
        .name = entry.name,
        .parameter = batch.executor().Parameter(batch.executable().graph.Find(entry.name)),
        .gradient = gradient,
        .loss = [&batch] { return batch.Loss(); },
        .random_elements = flops > kManyFlops ? 1 : 4};
    const ParameterCheck result = CheckGradient(check);
    Print(stdout, "{:<16} {:<14} {:>6} {:>11.2e}  {:<18} {:>22.15g} {:>22.15g} {:>9.1e}\n", entry.name,
          entry.tensor.shape().ToString(), result.directions, result.relative_error, result.direction,
          result.analytic, result.numeric, result.uncertainty);
    if (worst.first.empty() || !(result.relative_error <= worst.second.relative_error)) {
      worst = {entry.name, result};
    }
  }
  return worst;
}

int Gradcheck(const Options& options) {
  Machine machine(options.model.threads);
  const LoadedModel loaded = LoadModel(machine, options.model);
  CheckCanTrain(loaded, false);
  const Analytic analytic = options.in_float ? ComputeGradients<float>(options, loaded, machine)
                                             : ComputeGradients<double>(options, loaded, machine);
  WriteGradients(options, analytic, machine.files());
  if (analytic.gradients.empty()) {
    throw Error(ErrorKind::kInvalid,
                fmt::format("{}: has no trainable parameter to check", options.model.path));
  }

  // From here on in double, without the adjoint unless its loss is another one.
  FirstBatch<double> batch(loaded, machine.services(), analytic.has_own_loss);
  SetParameters(analytic.parameters, options.model.path, batch.executor());
  const auto [name, worst] = CheckAll(analytic, batch);
  const double tolerance = options.tolerance.value_or(options.in_float ? 1e-3 : 1e-7);
  const bool passed = worst.relative_error <= tolerance;
  Print(stdout, "\nworst: {} along {}, relative error {:.2e}; tolerance {:.0e}: {}\n", name, worst.direction,
        worst.relative_error, tolerance, passed ? "passed" : "FAILED");
  return passed ? 0 : 1;
}

}  // namespace

void AddGradcheckCommand(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("gradcheck", "Compare every parameter's gradient with finite differences");
  command->footer(
      "Takes the model's first batch of training episodes. Each gradient is compared, in double, with "
      "finite\n"
      "differences of the loss along a random direction, its own direction, and some single elements; a "
      "gradient\n"
      "that is wrong by 0.05% is far above the tolerance. Column +- is what the finite differences say of "
      "their own\n"
      "error. Exit code 1 when the worst error is above the tolerance.\n\n"
      "Examples:\n"
      "  plgraph gradcheck models/oja.pbtxt\n"
      "  plgraph gradcheck models/oja.pbtxt --init w.npz --write g.npz    gradients by name, mean over the "
      "batch");
  auto options = std::make_shared<Options>();
  AddModelOptions(*command, options->model);
  command->add_option("--init", options->init,
                      "Take parameters from this checkpoint or .npz (default for a run: its best.ckpt, or "
                      "else its last.ckpt)");
  AddPartialFlag(*command, options->partial);
  command->add_option("--write", options->write,
                      "Write the gradients (mean over the batch) by parameter, and `loss`, to this .npz");
  command
      ->add_option("--tolerance", options->tolerance,
                   "Largest relative error (default: 1e-7; with --float 1e-3)")
      ->check(CLI::PositiveNumber);
  command->add_flag("--float", options->in_float, "Compute the gradients in float, as training does");
  command->callback([options, &action] { action = [options] { return Gradcheck(*options); }; });
}

}  // namespace plgraph
