#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "core/error.h"
#include "core/print.h"
#include "graph/ir/text.h"
#include "graph/plan/plan_text.h"
#include "serialization/state/plan.h"
#include "tools/cli/commands.h"
#include "tools/cli/model_options.h"
#include "tools/cli/output_paths.h"
#include "tools/cli/trace_forms.h"
#include "tools/report/compile_report.h"
#include "tools/report/grouped.h"
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
  std::vector<std::string> disabled;
  std::vector<std::string> trace_forms;
  bool timings = false;
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

void WriteText(FileSystem& files, const std::string& path, const std::string& text) {
  const std::unique_ptr<WritableFile> file = files.Create(path);
  file->Append(std::as_bytes(std::span(text)));
  file->Close();
}

// The seconds of each pass, and of all that follows.
class Timings {
 public:
  explicit Timings(const Clock& clock) : clock_(clock), start_(clock.Seconds()) {}

  void Add(std::string_view pass, double seconds) {
    text_ += Line(pass, seconds);
    passes_ += seconds;
  }
  std::string ToText() const {
    const double all = clock_.Seconds() - start_;
    return text_ + Line("checks after passes, plan", all - passes_) + Line("all", all);
  }

 private:
  static std::string Line(std::string_view what, double seconds) {
    return fmt::format("  {:<28} {:>10.3f} ms\n", what, 1000 * seconds);
  }

  const Clock& clock_;
  double start_;
  double passes_ = 0;
  std::string text_ = "compilation:\n";
};

// Of a plan there is nothing to see: it has been through the passes.
void RefusePasses(const LoadedModel& loaded, const Options& options) {
  const auto refuse = [&](const std::string& option) {
    throw Error(ErrorKind::kInvalid,
                fmt::format("{}: {} is a plan, which has been through the passes; give the text of the model",
                            option, loaded.path));
  };
  if (!loaded.plan) return;
  if (!options.dump_dir.empty()) refuse("--dump-ir " + options.dump_dir);
  if (!options.disabled.empty()) refuse("--disable-pass " + options.disabled[0]);
  if (!options.trace_forms.empty()) refuse("--trace-form " + options.trace_forms[0]);
  if (options.timings) refuse("--timings");
}

PassControl ControlOf(const Options& options, Machine& machine, Timings& timings) {
  PassControl control;
  control.disabled = {options.disabled.begin(), options.disabled.end()};
  control.clock = &machine.services().clock;
  control.on_pass = [&](const PassRun& run) {
    timings.Add(run.name, run.seconds);
    if (options.dump_dir.empty()) return;
    WriteText(machine.files(), fmt::format("{}/{:02}-{}.txt", options.dump_dir, run.index, run.name),
              ToText(run.graph));
  };
  return control;
}

void DumpPlan(FileSystem& files, const std::string& dir, const Executable& executable) {
  WriteText(files, dir + "/schedule.txt", ScheduleText(executable));
  WriteText(files, dir + "/memory.txt", MemoryText(executable));
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
  Machine machine(options.model.threads);
  const LoadedModel loaded = LoadModel(machine, options.model);
  std::FILE* text = CheckOutputs({{"--output " + options.plan, options.plan}},
                                 FilesOfModel(machine.files(), options.model.path, loaded));
  Setting setting = SettingOf(loaded, machine.services());
  RefusePasses(loaded, options);
  setting.options.trace_forms = TraceFormsOf(options.trace_forms);
  if (!options.dump_dir.empty()) machine.files().CreateFolders(options.dump_dir);
  Timings timings(machine.services().clock);
  const Executable executable = MakeExecutable(loaded, setting.options, ControlOf(options, machine, timings));
  if (options.timings) Print(stderr, "{}", timings.ToText());
  if (!options.dump_dir.empty()) DumpPlan(machine.files(), options.dump_dir, executable);
  if (!options.plan.empty()) {
    WritePlan(machine.files(), options.plan,
              {.model = SelfContained(loaded),
               .graph = executable.graph,
               .planned_for = executable.options.planned_for()});
    Print(stderr, "wrote {}\n", options.plan);
  }
  if (options.emit == "dot") {
    Print(text, "{}", ToDot(executable.graph));
  } else if (options.emit == "ir") {
    Print(text, "{}", ToText(executable.graph));
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
      "phase with its nodes in the order in which they run, the form of each trace, the bytes of the one\n"
      "arena that a run takes, the peak memory of `train`, and the floating-point operations of an episode.\n"
      "A trace is never made, but a sum over past updates, where that takes fewer operations. Otherwise it "
      "is a\n"
      "matrix, which for the backward pass is inverted, recomputed from snapshots, or kept at every step. "
      "The\n"
      "report says what each form would cost, or why it cannot be; --trace-form takes another one.\n"
      "The nodes of one fused loop pass over their matrices together; a node that is `pipelined by one\n"
      "step` does so with the nodes of the next step.\n"
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
      "  plgraph compile models/oja.pbtxt --dump-ir passes/              the graph after each pass\n"
      "  plgraph compile models/oja.pbtxt --trace-form hebb=recomputed -o oja.plan     train and bench take "
      "it");
  auto options = std::make_shared<Options>();
  AddModelOptions(*command, options->model);
  command->add_option(
      "-o,--output", options->plan,
      "Write the compiled graph to this file (a plan); - for stdout, and then the report goes to stderr");
  command->add_option("--emit", options->emit, "Print the compiled graph instead of the report: dot or ir")
      ->check(CLI::IsMember({"dot", "ir"}));
  command
      ->add_option(
          "--dump-ir", options->dump_dir,
          "Write the graph after each pass to DIR/01-<pass>.txt, ..., and schedule.txt and memory.txt")
      ->type_name("DIR");
  command
      ->add_option("--disable-pass", options->disabled,
                   "Leave a pass out that only saves time or memory; may be repeated")
      ->type_name("NAME");
  AddTraceForms(*command, options->trace_forms);
  command->add_flag("--timings", options->timings, "Print the time of each pass to stderr");
  command->callback([options, &action] { action = [options] { return CompileModel(*options); }; });
}

}  // namespace plgraph
