#include <CLI/CLI.hpp>
#include <memory>

#include "core/print.h"
#include "tools/cli/commands.h"
#include "tools/cli/model_options.h"
#include "tools/report/bench_report.h"

namespace plgraph {
namespace {

struct Options {
  ModelOptions model;
  std::int64_t updates = 10;
  bool json = false;
};

int Bench(const Options& options) {
  Machine machine(options.model.threads);
  const LoadedModel loaded = LoadModel(machine, options.model);
  const UpdateCost cost =
      BenchUpdates(loaded, machine.services(), options.updates, CheckpointOf(machine, options.model, ""));
  const int threads = machine.services().threads.size();
  if (options.json) {
    Print(stdout, "{}\n", BenchJson(loaded.model.name(), threads, cost));
  } else {
    Print(stdout, "{}", BenchText(loaded.model.name(), threads, cost));
  }
  return 0;
}

}  // namespace

void AddBenchCommand(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("bench", "Time an update of a model, phase by phase and node by node");
  command->footer(
      "Trains for a few updates from the start (a run: from its best.ckpt, or else its last.ckpt), writes "
      "nothing, and prints medians: of each phase as in\n"
      "`plgraph compile`, of the optimizer (update) and of filling the inputs (data); and below them of\n"
      "each node. Phases and nodes are timed in different updates: a clock at every node slows small ones,\n"
      "and the share of a node is that of an update with all the clocks.\n"
      "The members of a fused loop run one after the other, a few lines at a time, and are timed as one. "
      "GB/s counts every\n"
      "operand and result once a call, what the nodes of a fused loop share once for all of them, and what "
      "is\n"
      "changed in place once. GFLOP/s counts what `plgraph compile` counts.\n\n"
      "Examples:\n"
      "  plgraph bench models/pattern_completion.pbtxt\n"
      "  plgraph bench models/pattern_completion.pbtxt --set n=200 --set train.batch=16 --threads 1\n"
      "  plgraph bench models/oja.pbtxt --updates 100 --json");
  auto options = std::make_shared<Options>();
  AddModelOptions(*command, options->model);
  command
      ->add_option("--updates", options->updates, "Of how many updates the medians are taken (default: 10)")
      ->check(CLI::Range(1, 100000));
  command->add_flag("--json", options->json, "Print one JSON object");
  command->callback([options, &action] { action = [options] { return Bench(*options); }; });
}

}  // namespace plgraph
