#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "core/error.h"
#include "core/print.h"
#include "tools/cli/commands.h"
#include "tools/cli/model_options.h"
#include "tools/cli/wrong_usage.h"
#include "tools/training/run_changes.h"
#include "tools/training/run_location.h"
#include "tools/training/trainer.h"

namespace plgraph {
namespace {

// A signal handler reaches nothing but a global.
volatile std::sig_atomic_t g_signal = 0;

// The second signal finds the system's handler, which ends the process at once. SIGHUP is another matter: a terminal
// that closes sends it twice, through the shell and by itself.
void NoteSignal(int signal) {
  g_signal = signal;
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  if (signal == SIGHUP) std::signal(SIGHUP, SIG_IGN);
}

void StopBySignals() {
  std::signal(SIGINT, NoteSignal);
  std::signal(SIGTERM, NoteSignal);
  // What nohup has ignored stays ignored.
  if (std::signal(SIGHUP, NoteSignal) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);
}

struct Options {
  ModelOptions model;
  TrainRequest request;
  std::string grid;
  std::pair<double, double> grid_range = {0, 1};
  double max_time = 0;
};

TrainRequest RequestOf(const Options& options, const LoadedModel& loaded) {
  TrainRequest request = options.request;
  const auto [low, high] = options.grid_range;
  CheckGridRange(low, high);
  if (options.grid.empty()) return request;
  request.grid = {ParseGridColumns(options.grid, "--grid"), low, high};
  CheckGrid(loaded, request.grid.columns, "--grid");
  return request;
}

// Tells how the run ended; returns the exit code.
int TellEnd(const Trainer& trainer, bool finished, const Options& options) {
  const std::string& run_dir = options.request.run_dir;
  if (!trainer.last_saved()) {
    Print(stderr,
          "{}: the state after episode {} could not be saved, see above; when this is mended, --resume "
          "goes on "
          "from the last one that was\n",
          run_dir, trainer.episode());
    return 1;
  }
  if (trainer.lost_saves() > 0) {
    Print(stderr, "warning: {}: {} times something was not saved, see above; last.ckpt is up to date\n",
          run_dir, trainer.lost_saves());
  }
  if (!finished) {
    Print(stderr, "stopped after episode {} of {}; --resume goes on from {}/last.ckpt\n", trainer.episode(),
          trainer.total_episodes(), run_dir);
    return g_signal != 0 ? 128 + g_signal : 0;
  }
  Print(stdout, "trained {} episodes of {}; checkpoints and metrics.jsonl are in {}\n", trainer.episode(),
        options.model.path, run_dir);
  return 0;
}

// A run is resumed as it was begun: with every --set so far, the events and the picture that it has.
void TakeOver(const RunDescription& run, bool own_model, Options& options) {
  if (!own_model) options.model.overrides = MergeSettings(run.settings, options.model.overrides);
  options.request.tensorboard |= run.tensorboard;
  if (!options.grid.empty() || run.grid.empty()) return;
  options.grid = run.grid;
  options.grid_range = {run.grid_low, run.grid_high};
}

// Finds the folder of the run and what a resume knows of it.
void CompleteOptions(FileSystem& files, Options& options) {
  TrainRequest& request = options.request;
  const bool own_model = IsRun(files, options.model.path);
  if (own_model && request.run_dir.empty() && request.resume) request.run_dir = options.model.path;
  if (request.run_dir.empty() && request.resume) {
    throw Error(
        ErrorKind::kInvalid,
        fmt::format("{}: not the folder of a run: no model.pbtxt is in it; --resume goes on with a run, "
                    "whose folder stands in place of the model or after --run-dir",
                    options.model.path));
  }
  if (request.run_dir.empty()) {
    throw Error(ErrorKind::kInvalid,
                own_model
                    ? fmt::format("{}: a run; --resume goes on with it, and --run-dir DIR starts another "
                                  "one of its model",
                                  options.model.path)
                    : "train: --run-dir is required: the folder of the new run");
  }
  if (!request.resume) return;
  const std::optional<RunDescription> run = ReadRunDescription(files, request.run_dir);
  if (run) TakeOver(*run, own_model, options);
}

int TrainModel(Options options) {
  Machine machine(options.model.threads);
  CompleteOptions(machine.files(), options);
  const LoadedModel loaded = LoadModel(machine, options.model);
  TrainRequest request = RequestOf(options, loaded);
  const double start = machine.clock().Seconds();
  request.stop = [&] {
    return g_signal != 0 || (options.max_time > 0 && machine.clock().Seconds() - start >= options.max_time);
  };
  Progress progress(stderr, IsTerminal(stderr), machine.clock());
  Trainer trainer(loaded, machine.services(), progress);
  StopBySignals();
  return TellEnd(trainer, trainer.Run(request), options);
}

}  // namespace

void AddTrainCommand(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("train", "Train a model as its `train { ... }` says");
  command->footer(
      "Writes into the folder of the run:\n"
      "  metrics.jsonl    one JSON object per line: episode, loss, each metric by its name, seconds\n"
      "  last.ckpt        from where --resume goes on\n"
      "  best.ckpt        the one with the smallest loss (of the evaluations, if train.evaluation.every is "
      "set)\n"
      "  episode-N.ckpt   every train.checkpoints.every episodes\n"
      "  model.pbtxt      the model with every --set and absolute paths\n"
      "  run.json         the command, every --set, checksums of the data, when, on what machine, how much "
      "memory\n"
      "  tensorboard/     with --tensorboard: curves, and at each evaluation and checkpoint how parameters "
      "and states\n"
      "                   are spread; see it with `tensorboard --logdir runs`\n"
      "  grid.png         with --grid: the first evaluation episodes, at each evaluation and checkpoint\n"
      "`plgraph report` makes a page of them. eval, run, gradcheck, bench and compile take the folder in\n"
      "place of a model.\n\n"
      "--resume goes on as the run was begun: with its model, every --set, --tensorboard and --grid. A new\n"
      "--set is applied and kept, and what differs from the run so far is listed. Another model, optimizer "
      "or\n"
      "seed and other data are refused, unless --allow-changes is given.\n\n"
      "SIGINT (Ctrl-C), SIGTERM and SIGHUP finish the update, save last.ckpt and exit with 130, 143 and "
      "129;\n"
      "a second SIGINT or SIGTERM ends at once. Before the first step the disk must have room for the\n"
      "checkpoints. A save that fails later does not end the training: it is reported and tried again at "
      "the\n"
      "next interval and at the end. The exit code is 1 if the last state could not be saved, and 0 with a\n"
      "warning if only earlier ones could not. A terminal that is gone or a message that cannot be written\n"
      "does not stop the training.\n\n"
      "A number that is not finite (NaN, infinite) ends the run with exit code 1 and the node, step, episode "
      "and\n"
      "operands that made it first; with `on_nan: ROLLBACK` in `train` the run goes back to last.ckpt and on "
      "from\n"
      "there at half the learning rate, at most 8 times.\n\n"
      "Examples:\n"
      "  plgraph train models/pattern_completion.pbtxt --run-dir runs/a\n"
      "  plgraph train models/pattern_completion.pbtxt --run-dir runs/b --set train.seed=2 --set n=200\n"
      "  plgraph train runs/a --resume                            goes on after a kill, exactly\n"
      "  plgraph train runs/a --resume --set train.episodes=2000  trains longer\n"
      "  plgraph train models/pattern_completion.pbtxt --run-dir runs/c --init runs/a/best.ckpt\n"
      "  plgraph train models/pattern_reconstruction.pbtxt --run-dir runs/d --tensorboard "
      "--grid cue,y_next,target --grid-range=-1,1");
  auto options = std::make_shared<Options>();
  AddModelOptions(*command, options->model);
  command->add_option(
      "--run-dir", options->request.run_dir,
      "The folder of the run; made if there is none (with --resume and a run in place of MODEL: "
      "that run)");
  CLI::Option* resume = command->add_flag("--resume", options->request.resume,
                                          "Go on with the run from its last.ckpt, as it was begun");
  command
      ->add_flag("--allow-changes", options->request.allow_changes,
                 "With --resume: go on although the model, the optimizer, the seed or the data differ from "
                 "those of the\nrun")
      ->needs(resume);
  command
      ->add_option("--init", options->request.init,
                   "Start from the parameters in this checkpoint or .npz, which must be those of the model")
      ->excludes(resume);
  AddPartialFlag(*command, options->request.partial);
  command->add_flag("--tensorboard", options->request.tensorboard,
                    "Write event files for TensorBoard into the folder of the run");
  command
      ->add_option(
          "--max-time", options->max_time,
          "Stop after so long (90, 90s, 30m, 2h) as after SIGINT, with exit code 0; --resume goes on")
      ->transform(CLI::AsNumberWithUnit(std::map<std::string, double>{{"s", 1}, {"m", 60}, {"h", 3600}}))
      ->check(AboveZero())
      ->type_name("TIME");
  command
      ->add_option("--grid", options->grid,
                   "Draw these values of some evaluation episodes, as `plgraph run --grid` does")
      ->type_name("NAME[@STEP],...");
  AddGridRange(*command, options->grid_range);
  command->callback([options, &action] { action = [options] { return TrainModel(*options); }; });
}

}  // namespace plgraph
