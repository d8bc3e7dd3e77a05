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
      Usage("UnknownCommand", "trian",
            "plgraph: there is no command trian (did you mean \"train\"?); see plgraph --help"),
      Usage("UnknownCommandBelow", "checkpoint shwo good.ckpt",
            "plgraph checkpoint: there is no command shwo (did you mean \"show\"?); see plgraph checkpoint "
            "--help"),
      Usage("MistypedOption", "train small.pbtxt --rundir X",
            "plgraph train: there is no option --rundir (did you mean \"--run-dir\"?); see plgraph train "
            "--help"),
      Usage("MistypedOptionWithValue", "train small.pbtxt --rundir=X",
            "there is no option --rundir (did you mean"),
      Usage("MistypedFlag", "--verison",
            "plgraph: there is no option --verison (did you mean \"--version\"?)"),
      Usage("OneArgumentTooMany", "compile small.pbtxt other.pbtxt",
            "plgraph compile: the argument other.pbtxt is one too many; see plgraph compile --help"),
      Usage("NoEpisodes", "eval small.pbtxt --checkpoint good.ckpt --episodes 0",
            "--episodes: expected a whole number from 1 to 9007199254740992, found 0"),
      Usage("TooManyEpisodes", run + " --episodes 9223372036854775807 --output y_next=y.npy",
            "--episodes: expected a whole number from 1 to 9007199254740992, found 9223372036854775807"),
      Usage("ToleranceOfNan", "gradcheck small.pbtxt --tolerance nan",
            "--tolerance: expected a number above 0, found nan"),
      Usage("ToleranceOfZero", "gradcheck small.pbtxt --tolerance 0",
            "--tolerance: expected a number above 0, found 0"),
      Usage("ToleranceOfInfinity", "gradcheck small.pbtxt --tolerance inf",
            "--tolerance: expected a number above 0, found inf"),
      Usage("MaxTimeOfInfinity", "train small.pbtxt --run-dir run --max-time inf",
            "--max-time: inf unit not recognized. Allowed values: {h,m,s}"),
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
      Usage("TwoOutputsOneFile", run + " --episodes 1 --output y_next=y --output hebb_next=./y",
            "--output y_next=y and --output hebb_next=./y lead to one file; give each a file of its own"),
      Usage("OutputAndGridToStdout", run + " --episodes 1 --output y_next=- --grid -=hebb_next",
            "--output y_next=- and --grid -=hebb_next lead to one file"),
      Usage("OutputOverModel", "compile small.pbtxt -o ./small.pbtxt",
            "--output ./small.pbtxt: this command reads small.pbtxt, which would be overwritten"),
      Usage("ExportOverCheckpoint", "checkpoint export good.ckpt good.ckpt",
            "reads good.ckpt, which would be"),
      Usage("SalvageOverCheckpoint", "checkpoint verify good.ckpt --salvage good.ckpt",
            "which would be overwritten"),
      Usage("GradientsOverInit", "gradcheck small.pbtxt --init good.ckpt --write good.ckpt",
            "which would be overwritten"),
      Usage("ArrayOverCheckpoint", run + " --episodes 1 --output y_next=good.ckpt",
            "which would be overwritten"),
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
