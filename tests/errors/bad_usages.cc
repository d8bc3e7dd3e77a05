// Command lines that say nothing that can be done.
#include "tests/errors/bad_input.h"

namespace plgraph {
namespace {

BadInput Usage(const std::string& name, const std::string& command, const std::string& message) {
  return {.name = "Usage" + name, .command = Words(command), .messages = {message}};
}

}  // namespace

std::vector<BadInput> BadUsages() {
  const std::string run = "run small.pbtxt --checkpoint good.ckpt";
  return {
      Usage("UnknownCommand", "trian", "A subcommand is required"),
      Usage("WithoutModel", "train", "MODEL"),
      Usage("WithoutRunDir", "train small.pbtxt", "--run-dir"),
      Usage("UnknownOption", "train small.pbtxt --run-dir run --fast", "--fast"),
      Usage("WithoutCheckpoint", "eval small.pbtxt", "--checkpoint"),
      Usage("NegativeThreads", "compile small.pbtxt --threads -1", "--threads"),
      Usage("TooManyThreads", "compile small.pbtxt --threads 1000000", "--threads"),
      Usage("ThreadsOverflow", "compile small.pbtxt --threads 99999999999999999999", "--threads"),
      Usage("UnknownFormat", "compile small.pbtxt --emit svg", "svg"),
      Usage("NegativeEpisodes", "eval small.pbtxt --checkpoint good.ckpt --episodes -1", "--episodes"),
      Usage("ResumeAndInit", "train small.pbtxt --run-dir run --resume --init good.ckpt", "--init"),
      Usage("NothingToWrite", run, "run: nothing to write"),
      Usage("OutputWithoutFile", run + " --output y_next", "--output y_next: expected NAME=FILE.npy"),
      Usage("OutputUnknown", run + " --episodes 1 --output y_nxt=y.npy", "(did you mean \"y_next\"?)"),
      Usage("GridRange", run + " --episodes 1 --grid g.png=cue --grid-range=1,1", "--grid-range"),
      Usage("ConfusionOfOneValue", "eval small.pbtxt --checkpoint good.ckpt --confusion y_next",
            "expected two values of the model"),
      Usage("UnknownOp", "ops HebianTrace", "(did you mean"),
      Usage("VerifyMissing", "checkpoint verify nowhere.ckpt", "nowhere.ckpt: no such file"),
      Usage("ShowMissing", "checkpoint show nowhere.ckpt", "nowhere.ckpt: no such file"),
      Usage("ReportOfNoRun", "report small.pbtxt -o report.html", "small.pbtxt: holds no run"),
  };
}

}  // namespace plgraph
