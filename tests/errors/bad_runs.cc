// Run directories that cannot be begun, or gone on with.
#include <filesystem>

#include "tests/errors/bad_input.h"

namespace plgraph {
namespace {

using Prepare = std::function<void(const TempFolder& folder)>;

void WriteRun(const TempFolder& folder, const std::string& checkpoint) {
  std::filesystem::create_directory(folder.Path("run"));
  folder.Write("run/metrics.jsonl", "");
  folder.Write("run/last.ckpt", checkpoint);
}

BadInput Row(const std::string& name, const std::string& options, int exit_code, const std::string& message,
             const Prepare& prepare) {
  return {.name = "Run" + name,
          .command = Words("train small.pbtxt --run-dir run" + options),
          .exit_code = exit_code,
          .messages = {message},
          .prepare = prepare};
}

// A run whose checkpoint is sound, resumed with these options.
BadInput Resumed(const std::string& name, const std::string& options, const std::string& message) {
  return Row(name, " --resume" + options, 2, message,
             [](const TempFolder& folder) { WriteRun(folder, folder.Read("good.ckpt")); });
}

}  // namespace

std::vector<BadInput> BadRuns() {
  return {
      Row("IsThereAlready", "", 2, "run: already holds a run",
          [](const TempFolder& folder) { WriteRun(folder, folder.Read("good.ckpt")); }),
      Row("IsAFile", "", 1, "run: cannot create the folder",
          [](const TempFolder& folder) { folder.Write("run", "a file"); }),
      {.name = "RunWithoutAModelIsResumed",
       .command = Words("train run --resume"),
       .messages = {"run: not the folder of a run: no model.pbtxt is in it; --resume goes on with a run"},
       .prepare = [](const TempFolder& folder) { WriteRun(folder, folder.Read("good.ckpt")); }},
      {.name = "RunInAReadOnlyFolder",
       .command = Words("train small.pbtxt --run-dir /proc/run"),
       .exit_code = 1,
       .messages = {"/proc/run: cannot create the folder"}},
      Row("ResumedThatIsNone", " --resume", 2, "run: holds no run that could be resumed",
          [](const TempFolder&) {}),
      Row("ResumedFromADamagedOne", " --resume", 1,
          "run/last.ckpt: the file is damaged: tensor \"eta.1\" has checksum",
          [](const TempFolder& folder) { WriteRun(folder, Flipped(folder.Read("good.ckpt"), -1)); }),
      Row("ResumedFromACutOne", " --resume", 1, "run/last.ckpt: the file is cut",
          [](const TempFolder& folder) { WriteRun(folder, folder.Read("good.ckpt").substr(0, 999)); }),
      Row("ResumedFromAnEmptyOne", " --resume", 1, "run/last.ckpt: not a checkpoint: it has only 0 bytes",
          [](const TempFolder& folder) { WriteRun(folder, ""); }),
      Row("ResumedFromAnArchive", " --resume", 1, "run/last.ckpt: not a checkpoint: it does not start with",
          [](const TempFolder& folder) { WriteRun(folder, "PK\3\4 and more"); }),
      Resumed("ResumedWithAnotherSeed", " --set train.seed=2",
              "was made with seed 1, but the model now has 2"),
      Resumed("ResumedWithAnotherOptimizer", " --set train.sgd.momentum=0.9", "was made with optimizer adam"),
      Resumed("ResumedWithAnotherModel", " --set name=other", "was made with model small"),
      Resumed("ResumedWithAnotherSize", " --set n=14",
              "other shape  optimizer's \"w.0\" has shape [12, 12], but the model's has [14, 14]"),
      Resumed("ResumedWithAKeptState", " --set state.hebb.lifetime=KEPT",
              "missing      kept state \"hebb\" [2, 12, 12]"),
      {.name = "RunOfAModelWithoutData",
       .command = Words("train bad.pbtxt --run-dir run"),
       .messages = {"bad.pbtxt: cannot be trained: it needs"},
       .prepare =
           [](const TempFolder& folder) {
             const std::string text = folder.Read("small.pbtxt");
             folder.Write("bad.pbtxt", text.substr(0, text.find("train {")));
           }},
      {.name = "RunThatGoesToInfinity",
       .command = Words("train small.pbtxt --run-dir run --set train.sgd.learning_rate=1e30 --set "
                        "train.episodes=200"),
       .exit_code = 1,
       .messages = {"not finite"}},
  };
}

}  // namespace plgraph
