#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "core/error.h"
#include "core/print.h"
#include "serialization/state/plan.h"
#include "tools/cli/commands.h"
#include "tools/cli/model_options.h"
#include "tools/cli/output_paths.h"
#include "tools/report/compile_report.h"
#include "tools/training/cost.h"
#include "tools/training/evaluator.h"
#include "tools/training/run_description.h"

namespace plgraph {
namespace {

struct Options {
  ModelOptions model;
  std::string plan;
  std::string emit;
  std::string dump_dir;
};

// What compiling a model depends on beside the model itself.
struct Setting {
  std::int64_t episode_steps = 1;
  std::int64_t data_bytes = 0;
  CompileOptions options;
};

// A model without data is compiled for one step; without a loss or an optimizer, for running only.
Setting SettingOf(const LoadedModel& loaded, const Services& services) {
  Setting setting;
  const Train& train = loaded.model.train();
  if (train.has_data()) {
    const std::unique_ptr<DataSource> data =
        OpenData(loaded, DataUse::kTraining, services.files, &services.memory);
    PrintNote(data->facts().note);
    setting.episode_steps = data->steps();
    setting.data_bytes = data->bytes();
  } else {
    Print(stderr, "{}: no train.data, so the number of steps is not known: compiled for 1 step\n",
          loaded.path);
  }
  const bool training = loaded.model.loss_size() > 0 && train.optimizer_case() != Train::OPTIMIZER_NOT_SET;
  setting.options = OptionsFor(loaded, setting.episode_steps, training);
  return setting;
}

void DumpPass(FileSystem& files, const std::string& dir, int index, std::string_view pass,
              const Graph& graph) {
  const std::string text = graph.ToText();
  const std::unique_ptr<WritableFile> file = files.Create(fmt::format("{}/{:02}-{}.txt", dir, index, pass));
  file->Append(std::as_bytes(std::span(text)));
  file->Close();
}

// The executable that measures during training, if the model asks for that; not run here.
std::optional<Executable> EvaluationExecutable(const LoadedModel& loaded, const Services& services,
                                               std::int64_t& data_bytes) {
  if (loaded.model.train().evaluation().every() == 0) return std::nullopt;
  const std::unique_ptr<DataSource> data =
      OpenData(loaded, DataUse::kEvaluation, services.files, &services.memory);
  data_bytes += data->bytes();
  return MakeExecutable(loaded, ForwardOptions(loaded, *data, loaded.model.train().evaluation().episodes()));
}

void PrintReport(std::FILE* text, const LoadedModel& loaded, const Executable& executable, Setting setting,
                 const Services& services) {
  Print(text, "{}\n", SummaryText(loaded, executable, setting.episode_steps));
  Print(text, "{}\n", PhasesText(executable));
  if (const std::string traces = TracesText(executable); !traces.empty()) Print(text, "{}\n", traces);
  Print(text, "{}\n", ArenaText(executable));
  if (executable.options.training) {
    const std::optional<Executable> evaluation = EvaluationExecutable(loaded, services, setting.data_bytes);
    Print(text, "{}\n",
          PeakText(PredictPeakMemory(loaded, executable, evaluation ? &*evaluation : nullptr,
                                     setting.data_bytes)));
  }
  const double flops = FlopsPerEpisode(executable, setting.episode_steps);
  Print(text, "floating-point operations per episode: {}\n", Grouped(flops));
}

int CompileModel(const Options& options) {
  std::FILE* text = CheckOutputs({{"--output " + options.plan, options.plan}}, {options.model.path});
  Machine machine(options.model.threads);
  const LoadedModel loaded = LoadModel(machine, options.model);
  Setting setting = SettingOf(loaded, machine.services());
  if (!options.dump_dir.empty()) {
    if (loaded.plan) {
      throw Error(
          ErrorKind::kInvalid,
          fmt::format("--dump-ir {}: {} is a plan, which has been through the passes; dump the graphs "
                      "of its text",
                      options.dump_dir, loaded.path));
    }
    machine.files().CreateFolders(options.dump_dir);
    setting.options.on_pass = [&](int index, std::string_view pass, const Graph& graph) {
      DumpPass(machine.files(), options.dump_dir, index, pass, graph);
    };
  }
  const Executable executable = MakeExecutable(loaded, setting.options);
  if (!options.plan.empty()) {
    WritePlan(machine.files(), options.plan,
              {.model = SelfContained(loaded),
               .graph = executable.graph,
               .planned_for = executable.options.planned_for()});
    Print(stderr, "wrote {}\n", options.plan);
  }
  if (options.emit == "dot") {
    Print(text, "{}", executable.graph.ToDot());
  } else if (options.emit == "ir") {
    Print(text, "{}", executable.graph.ToText());
  } else {
    PrintReport(text, loaded, executable, setting, machine.services());
  }
  return 0;
}

}  // namespace

void AddCompileCommand(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("compile", "Check a model and show what the compiler makes of it");
  command->footer(
      "Reports every fault of a model in one run. Of a sound one it prints the nodes and parameters, each\n"
      "phase with its nodes in the order in which they run, what is kept of each trace, the bytes of the "
      "one\n"
      "arena that a run takes, the peak memory of `train`, and the floating-point operations of an episode.\n"
      "A trace is inverted on the way back, replayed from snapshots, or kept at every step.\n"
      "Nodes of one sweep pass over their matrices together; what is `one round late` does so with the "
      "nodes\n"
      "of the next step.\n"
      "A plan (-o) holds the model and the graph of its training, which is right for any batch and "
      "optimizer.\n"
      "It takes the --set of `train` fields, and refuses one that asks for a training on other steps or "
      "windows.\n\n"
      "Examples:\n"
      "  plgraph compile models/pattern_completion.pbtxt\n"
      "  plgraph compile models/pattern_completion.pbtxt --set n=200 --set train.batch=16\n"
      "  plgraph compile models/pattern_completion.pbtxt -o pc.plan      train, eval and run take pc.plan "
      "too\n"
      "  plgraph compile models/oja.pbtxt --emit dot | dot -Tsvg > oja.svg\n"
      "  plgraph compile models/oja.pbtxt --dump-ir passes/              the graph after each pass");
  auto options = std::make_shared<Options>();
  AddModelOptions(*command, options->model);
  command->add_option(
      "-o,--output", options->plan,
      "Write the compiled graph to this file (a plan); - for stdout, and then the report goes to stderr");
  command->add_option("--emit", options->emit, "Print the compiled graph instead of the report: dot or ir")
      ->check(CLI::IsMember({"dot", "ir"}));
  command
      ->add_option("--dump-ir", options->dump_dir,
                   "Write the graph after each pass to DIR/01-<pass>.txt, ...")
      ->type_name("DIR");
  command->callback([options, &action] { action = [options] { return CompileModel(*options); }; });
}

}  // namespace plgraph
