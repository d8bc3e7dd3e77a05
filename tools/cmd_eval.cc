#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "core/error.h"
#include "core/print.h"
#include "tools/commands.h"
#include "tools/model_options.h"
#include "tools/training/confusion.h"
#include "tools/training/evaluation_record.h"
#include "tools/training/evaluator.h"
#include "tools/training/json_text.h"
#include "tools/training/parameters.h"
#include "tools/training/run_changes.h"
#include "tools/training/run_location.h"
#include "tools/wrong_usage.h"

namespace plgraph {
namespace {

struct Options {
  ModelOptions model;
  std::string checkpoint;
  bool partial = false;
  std::int64_t episodes = 0;
  std::string confusion;
  bool json = false;
};

void PrintMeasures(const Evaluator& evaluator, const Measures& measures,
                   const std::optional<Confusion>& confusion, bool as_json) {
  if (!as_json) {
    Print(stdout, "{} episodes that training never saw\n", evaluator.episodes());
    Print(stdout, "{:<20} {:.6g}\n", "loss", measures.loss);
    for (const auto& [name, value] : measures.metrics) Print(stdout, "{:<20} {:.6g}\n", name, value);
    if (confusion) Print(stdout, "\n{}", confusion->ToText());
    return;
  }
  Json json;
  json["episodes"] = evaluator.episodes();
  json["loss"] = measures.loss;
  for (const auto& [name, value] : measures.metrics) json[name] = value;
  if (confusion) json["confusion"] = confusion->counts();
  Print(stdout, "{}\n", JsonText(json));
}

// Data that have changed since the training may be others than those it has seen.
void TellChangedData(const std::string& run, const EvaluationRecord& record, FileSystem& files) {
  const std::optional<RunDescription> description = ReadRunDescription(files, run);
  if (!description) return;
  for (const std::string& change : ChangedFiles(description->data, record.data)) {
    PrintNote(fmt::format("warning: {}: these are not the data of the run: {}", run, change));
  }
}

// In a folder that cannot be written the result is only printed.
void Record(const std::string& run, const std::string& checkpoint, const LoadedModel& loaded,
            std::int64_t episodes, const Measures& measures, Machine& machine) {
  try {
    const EvaluationRecord record =
        DescribeEvaluation(run, checkpoint, loaded, episodes, measures, machine.services());
    TellChangedData(run, record, machine.files());
    AppendEvaluation(machine.files(), run, record);
  } catch (const Error& error) {
    PrintNote(fmt::format("warning: the evaluation is not kept in the run: {}", error.what()));
  }
}

int Eval(const Options& options) {
  Machine machine(options.model.threads);
  const LoadedModel loaded = LoadModel(machine, options.model);
  CheckCanTrain(loaded, false);
  const std::int64_t episodes =
      options.episodes > 0 ? options.episodes : loaded.model.train().evaluation().episodes();
  std::optional<Confusion> confusion;
  if (!options.confusion.empty()) confusion.emplace(loaded, options.confusion);
  const std::string checkpoint = NeededCheckpoint(machine, options.model, options.checkpoint);
  Evaluator evaluator(loaded, machine.services(), episodes,
                      confusion ? confusion->outputs() : std::vector<std::string>());
  PrintNote(
      LoadParameters(loaded, checkpoint, CoverageOf(options.partial), machine.files(), evaluator.executor()));
  const Measures measures = evaluator.Evaluate([&](std::int64_t count) {
    if (confusion) confusion->Add(evaluator.executor(), count);
  });
  PrintMeasures(evaluator, measures, confusion, options.json);
  if (IsRun(machine.files(), options.model.path)) {
    Record(options.model.path, checkpoint, loaded, evaluator.episodes(), measures, machine);
  }
  return 0;
}

}  // namespace

void AddEvalCommand(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("eval", "Measure a checkpoint on episodes that training never sees");
  command->footer(
      "The episodes come from train.evaluation.data, or else from train.data: for `patterns` others than "
      "those of\n"
      "training, for `npy` those of the files, for `images` those that are held out. They are the same at "
      "every "
      "call. What is measured of a run is also kept in its evaluations.jsonl, for `plgraph report`.\n\n"
      "Examples:\n"
      "  plgraph eval runs/a\n"
      "  plgraph eval models/pattern_completion.pbtxt --checkpoint runs/a/best.ckpt\n"
      "  plgraph eval models/pattern_completion.pbtxt --checkpoint runs/a/best.ckpt --episodes 1000 --json");
  auto options = std::make_shared<Options>();
  AddModelOptions(*command, options->model);
  command->add_option(
      "--checkpoint", options->checkpoint,
      "A checkpoint, or an .npz with every parameter by name (default for a run: its best.ckpt, or "
      "else its last.ckpt)");
  AddPartialFlag(*command, options->partial);
  command
      ->add_option("--episodes", options->episodes,
                   "How many episodes (default: train.evaluation.episodes; not more than the data have)")
      ->check(Count());
  command->add_option(
      "--confusion", options->confusion,
      "PREDICTION,LABEL: two values of the model, scores [C] and the number of a class (or [C]); counts "
      "at the\nlast step which class is taken for which");
  command->add_flag("--json", options->json, "Print one JSON object");
  command->callback([options, &action] { action = [options] { return Eval(*options); }; });
}

}  // namespace plgraph
