#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "tools/commands.h"
#include "tools/model_options.h"
#include "tools/training/evaluator.h"
#include "tools/training/parameters.h"

namespace plgraph {
namespace {

struct Options {
  ModelOptions model;
  std::string checkpoint;
  std::int64_t episodes = 0;
  bool json = false;
};

void Print(const Evaluator& evaluator, const Measures& measures, bool as_json) {
  if (!as_json) {
    fmt::print("{} episodes that training never saw\n", evaluator.episodes());
    fmt::print("{:<20} {:.6g}\n", "loss", measures.loss);
    for (const auto& [name, value] : measures.metrics) fmt::print("{:<20} {:.6g}\n", name, value);
    return;
  }
  nlohmann::ordered_json json;
  json["episodes"] = evaluator.episodes();
  json["loss"] = measures.loss;
  for (const auto& [name, value] : measures.metrics) json[name] = value;
  fmt::print("{}\n", json.dump());
}

int Eval(const Options& options) {
  Machine machine(options.model.threads);
  const LoadedModel loaded = LoadModel(machine, options.model);
  CheckCanTrain(loaded, false);
  const std::int64_t episodes =
      options.episodes > 0 ? options.episodes : loaded.model.train().evaluation().episodes();
  const NamedTensors parameters = ReadParameterFile(machine.files(), options.checkpoint);
  Evaluator evaluator(loaded, machine.services(), episodes);
  SetParameters(parameters, options.checkpoint, Coverage::kAll, evaluator.executor());
  Print(evaluator, evaluator.Evaluate(), options.json);
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
      "call.\n\n"
      "Examples:\n"
      "  plgraph eval models/pattern_completion.pbtxt --checkpoint runs/a/best.ckpt\n"
      "  plgraph eval models/pattern_completion.pbtxt --checkpoint runs/a/best.ckpt --episodes 1000 --json");
  auto options = std::make_shared<Options>();
  AddModelOptions(*command, options->model);
  command
      ->add_option("--checkpoint", options->checkpoint,
                   "A checkpoint, or an .npz with every parameter by name")
      ->required();
  command
      ->add_option("--episodes", options->episodes,
                   "How many episodes (default: train.evaluation.episodes; not more than the data have)")
      ->check(CLI::PositiveNumber);
  command->add_flag("--json", options->json, "Print one JSON object");
  command->callback([options, &action] { action = [options] { return Eval(*options); }; });
}

}  // namespace plgraph
