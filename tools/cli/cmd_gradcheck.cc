#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "core/error.h"
#include "core/print.h"
#include "core/random.h"
#include "serialization/formats/npy.h"
#include "tools/cli/commands.h"
#include "tools/cli/model_options.h"
#include "tools/cli/output_paths.h"
#include "tools/cli/wrong_usage.h"
#include "tools/training/cost.h"
#include "tools/training/first_batch.h"
#include "tools/training/gradient_check.h"
#include "tools/training/held_loss.h"
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

// The analytic side, in T: the loss, the gradients, and the parameters that they belong to.
struct Analytic {
  double loss = 0;
  NamedTensors gradients;
  NamedTensors parameters;
};

// At the parameters that the model starts with, or at these.
template <typename T>
Analytic ComputeGradients(const Options& options, const LoadedModel& loaded, Machine& machine,
                          const NamedTensors* parameters = nullptr) {
  FirstBatch<T> batch(loaded, machine.services());
  if (parameters != nullptr) {
    SetParameters(*parameters, options.model.path, batch.executor());
  } else if (const std::string init = CheckpointOf(machine, options.model, options.init); !init.empty()) {
    PrintNote(LoadParameters(loaded, init, CoverageOf(options.partial), machine.files(), batch.executor()));
  }
  Analytic analytic;
  analytic.loss = batch.Loss();
  analytic.gradients = batch.Gradients();
  analytic.parameters = GetParameters(batch.executor());
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

// Points beside the first one, at most, if that lies at a kink.
constexpr int kMostMoves = 3;
// How far they lie from it, in parts of the size of each parameter.
constexpr double kMove = 1e-3;

class Gradcheck {
 public:
  /// The table goes to `text`.
  Gradcheck(const Options& options, const LoadedModel& loaded, Machine& machine, std::FILE* text)
      : options_(options),
        loaded_(loaded),
        machine_(machine),
        text_(text),
        tolerance_(options.tolerance.value_or(options.in_float ? 1e-3 : 1e-7)) {}

  int Run() {
    Analytic analytic = Compute();
    WriteGradients(options_, analytic, machine_.files());
    if (analytic.gradients.empty()) {
      throw Error(ErrorKind::kInvalid,
                  fmt::format("{}: has no trainable parameter to check", options_.model.path));
    }
    HeldLoss loss(loaded_, machine_.services());
    PrintHeading();
    std::set<std::string> open;
    for (const NamedTensor& entry : analytic.gradients) open.insert(entry.name);
    const NamedTensors start = analytic.parameters;
    for (int moves = 0; !open.empty() && moves <= kMostMoves; ++moves) {
      if (moves > 0) analytic = ComputeBeside(start, analytic.gradients, moves);
      loss.MoveTo(analytic.parameters);
      CheckAll(analytic, loss, moves, open);
    }
    return Judge();
  }

 private:
  Analytic Compute(const NamedTensors* parameters = nullptr) const {
    return options_.in_float ? ComputeGradients<float>(options_, loaded_, machine_, parameters)
                             : ComputeGradients<double>(options_, loaded_, machine_, parameters);
  }

  // At a point where every trained number differs from the start's a little, at random.
  Analytic ComputeBeside(const NamedTensors& start, const NamedTensors& trained, int moves) const {
    NamedTensors moved;
    for (const NamedTensor& entry : start) {
      std::vector<double> values = entry.tensor.As<double>();
      const RandomStream random(static_cast<std::uint64_t>(moves), StreamId("gradcheck/move/" + entry.name));
      const double distance = FindTensor(trained, entry.name) == nullptr ? 0 : kMove * SizeOf(values);
      for (size_t i = 0; i < values.size(); ++i)
        values[i] += distance * random.Normal(static_cast<std::uint32_t>(i));
      moved.push_back({entry.name, Tensor(entry.tensor.shape(), std::move(values))});
    }
    return Compute(&moved);
  }

  // Checks the open parameters; those that lie at a kink stay open, unless there is no other point left.
  void CheckAll(const Analytic& analytic, HeldLoss& loss, int moves, std::set<std::string>& open) {
    const Executable& executable = loss.executable();
    const double flops =
        FlopsPerEpisode(executable, executable.options.steps) * static_cast<double>(executable.options.batch);
    for (const NamedTensor& entry : analytic.gradients) {
      if (!open.contains(entry.name)) continue;
      const std::vector<double> gradient = entry.tensor.As<double>();
      const ParameterCheck check = CheckGradient({.name = entry.name,
                                                  .parameter = loss.Parameter(entry.name),
                                                  .gradient = gradient,
                                                  .loss = [&loss] { return loss.Loss(); },
                                                  .random_elements = flops > kManyFlops ? 1 : 4,
                                                  .tolerance = tolerance_});
      if (check.at_kink && moves < kMostMoves) continue;
      open.erase(entry.name);
      Report(entry, check, moves);
    }
  }

  void PrintHeading() const {
    Print(text_, "{:<16} {:<14} {:>6} {:>10}  {:<18} {:>22} {:>22} {:>9}\n", "parameter", "shape", "checks",
          "worst error", "along", "gradient", "finite difference", "+-");
  }

  void Report(const NamedTensor& entry, const ParameterCheck& check, int moves) {
    Print(text_, "{:<16} {:<14} {:>6} {:>11.2e}  {:<18} {:>22.15g} {:>22.15g} {:>9.1e}\n", entry.name,
          entry.tensor.shape().ToString(), check.directions, check.relative_error, check.direction,
          check.analytic, check.numeric, check.uncertainty);
    if (moves > 0) {
      Print(text_,
            "  {}: the slopes on both sides of the point differ: checked {:g} of the parameters' size beside "
            "it\n",
            entry.name, kMove);
    }
    if (check.at_kink) {
      Print(text_, "  {}: they differ there too: its gradient cannot be checked\n", entry.name);
    } else if (check.kinks > 0) {
      Print(text_,
            "  {}: along {} of {} directions the loss has kinks near the point: checked with smaller steps\n",
            entry.name, check.kinks, check.directions);
    }
    const bool worse = check.passed() == worst_.second.passed() ? !(check.excess <= worst_.second.excess)
                                                                : worst_.second.passed();
    if (worst_.first.empty() || worse) worst_ = {entry.name, check};
  }

  int Judge() const {
    const auto& [name, worst] = worst_;
    const bool passed = worst.passed();
    Print(text_, "\nworst: {} along {}, relative error {:.2e}; tolerance {:.0e}: {}\n", name, worst.direction,
          worst.relative_error, tolerance_, passed ? "passed" : "FAILED");
    return passed ? 0 : 1;
  }

  const Options& options_;
  const LoadedModel& loaded_;
  Machine& machine_;
  std::FILE* text_;
  double tolerance_;
  std::pair<std::string, ParameterCheck> worst_;
};

int RunGradcheck(const Options& options) {
  Machine machine(options.model.threads);
  const LoadedModel loaded = LoadModel(machine, options.model);
  std::vector<std::string> read = FilesOfModel(machine.files(), options.model.path, loaded);
  read.push_back(options.init);
  std::FILE* text = CheckOutputs({{"--write " + options.write, options.write}}, read);
  CheckCanTrain(loaded, false);
  return Gradcheck(options, loaded, machine, text).Run();
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
      "error. What the gradient holds constant (stop_gradient, sign, the condition of where) they hold "
      "constant "
      "too.\n"
      "Near a kink of the loss (relu, max, a clipped trace) they take smaller steps, or, where the slopes on "
      "both "
      "sides\n"
      "of the point differ, another point, and a line says so; beside kinks up to twice the error +- passes, "
      "at most "
      "2e-5.\n"
      "Exit code 1 when the worst error is above the tolerance.\n\n"
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
      ->check(AboveZero());
  command->add_flag("--float", options->in_float, "Compute the gradients in float, as training does");
  command->callback([options, &action] { action = [options] { return RunGradcheck(*options); }; });
}

}  // namespace plgraph
