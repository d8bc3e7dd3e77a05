#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "core/error.h"
#include "core/print.h"
#include "tools/cli/commands.h"
#include "tools/cli/model_options.h"
#include "tools/cli/wrong_usage.h"
#include "tools/observe/confusion.h"
#include "tools/observe/evaluation_record.h"
#include "tools/training/evaluator.h"
#include "tools/training/json_text.h"
#include "tools/training/parameters.h"
#include "tools/training/run_changes.h"
#include "tools/training/run_location.h"

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

// What was measured, on which data.
struct Result {
  std::int64_t episodes = 0;
  std::int64_t asked = 0;  // of which there may be fewer
  DataFacts data;
  Measures measures;
};

void PrintText(const Result& result, const std::optional<Confusion>& confusion) {
  Print(stdout, "{}{}\n", EvaluatedText(result.data, result.episodes),
        result.asked > result.episodes ? fmt::format(" ({} were asked for)", result.asked) : "");
  Print(stdout, "{:<20} {:.6g}\n", "loss", result.measures.loss);
  for (const auto& [name, value] : result.measures.metrics) Print(stdout, "{:<20} {:.6g}\n", name, value);
  if (confusion) Print(stdout, "\n{}", confusion->ToText());
}

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

void PrintJson(const Result& result, const std::optional<Confusion>& confusion) {
  Json json;
  json["episodes"] = result.episodes;
  json["data"] = {{"name", result.data.name},
                  {"distinct_episodes", result.episodes},
                  {"records", OrNull(result.data.records)},
                  {"record_name", result.data.record_name},
                  {"seen_by_training", OrNull(result.data.seen)}};
  json["loss"] = result.measures.loss;
  for (const auto& [name, value] : result.measures.metrics) json[name] = value;
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
  const DataFacts facts = evaluator.data()->facts();
  PrintNote(facts.note);
  const Measures measures = evaluator.Evaluate([&](std::int64_t count) {
    if (confusion) confusion->Add(evaluator.executor(), count);
  });
  const Result result = {evaluator.episodes(), episodes, facts, measures};
  options.json ? PrintJson(result, confusion) : PrintText(result, confusion);
  if (IsRun(machine.files(), options.model.path)) {
    Record(options.model.path, checkpoint, loaded, evaluator.episodes(), measures, machine);
  }
  return 0;
}

}  // namespace

void AddEvalCommand(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("eval", "Measure a checkpoint on the model's episodes for evaluation");
  command->footer(
      "The episodes come from train.evaluation.data, or else from train.data: for `patterns` others than "
      "those of\n"
      "training, for `npy` those of the files, for `images` those that are held out, or all. They are the "
      "same at\n"
      "every call, and each is measured once: never more than the data have. The first line says which data "
      "they are\n"
      "and how much of them training sees too; --json has the same in `data`: name, distinct_episodes, "
      "records (the\n"
      "episodes or images of the files that they are made of; null: made from the seed), record_name, "
      "seen_by_training\n"
      "(of the records). What is measured of a run is also kept in its evaluations.jsonl, for `plgraph "
      "report`.\n\n"
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
                   "How many episodes (default: train.evaluation.episodes); not more than the data have")
      ->check(Count());
  command->add_option(
      "--confusion", options->confusion,
      "PREDICTION,LABEL: two values of the model, scores [C] and the number of a class (or [C]); counts "
      "at the\nlast step which class is taken for which");
  command->add_flag("--json", options->json, "Print one JSON object");
  command->callback([options, &action] { action = [options] { return Eval(*options); }; });
}

}  // namespace plgraph
