// Every command with a stdout or stderr that cannot be written: a result that is lost is exit code 1 with a sentence,
// and what becomes of messages and progress changes nothing.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "serialization/formats/npy.h"
#include "tests/cli/cli_test.h"

namespace plgraph {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Words = std::vector<std::string>;

/// A call of the tool and what it prints in a sound world.
struct StreamRow {
  std::string name;
  Words command;
  int exit_code = 0;
  std::string result;   ///< a part of what is on stdout; empty: nothing is
  std::string message;  ///< a part of what is on stderr; empty: nothing is
  bool same = true;     ///< whether two calls print the same; what is timed does not
};

void PrintTo(const StreamRow& row, std::ostream* out) { *out << row.name; }

const Words kEval = {"eval", "small.pbtxt", "--checkpoint", "run/best.ckpt"};
const Words kRun = {"run", "small.pbtxt", "--checkpoint", "run/best.ckpt", "--episodes", "2"};
const Words kTrain = {"train", "small.pbtxt", "--run-dir", "new"};

Words With(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::vector<StreamRow> Rows() {
  return {
      {"CompileResult", {"compile", "small.pbtxt"}, 0, "phase step", ""},
      {"CompileGraph", {"compile", "small.pbtxt", "--emit", "ir"}, 0, "= Tanh(", ""},
      {"CompileMessage", {"compile", "small.pbtxt", "-o", "s.plan"}, 0, "phase step", "wrote s.plan"},
      {"CompileFault", {"compile", "nowhere.pbtxt"}, 2, "", "nowhere.pbtxt"},
      {"TrainProgress", kTrain, 0, "trained 60 episodes", "episode 60/60"},
      {"TrainMessage", With(kTrain, {"--max-time", "1e-9"}), 0, "", "stopped"},
      {"TrainFault", {"train", "small.pbtxt"}, 2, "", "--run-dir"},
      {"EvalResult", kEval, 0, "error_rate", ""},
      {"EvalJson", With(kEval, {"--json"}), 0, "{\"episodes\"", ""},
      {"EvalMessage", {"eval", "small.pbtxt", "--checkpoint", "part.npz", "--partial"}, 0, "loss", "eta"},
      {"RunResult", With(kRun, {"--output", "y_next=y.npy"}), 0, "-> y.npy", ""},
      {"RunGrid", With(kRun, {"--grid", "g.png=hebb_next"}), 0, "-> g.png", ""},
      {"RunFault", kRun, 2, "", "nothing to write"},
      {"ReportResult", {"report", "run"}, 0, "1 run -> report.html", ""},
      {"ReportFault", {"report", "nowhere"}, 2, "", "nowhere"},
      {"GradcheckResult", {"gradcheck", "small.pbtxt"}, 0, "passed", ""},
      {"GradcheckFailed", {"gradcheck", "small.pbtxt", "--tolerance", "1e-30"}, 1, "FAILED", ""},
      {"BenchResult", {"bench", "small.pbtxt", "--updates", "1"}, 0, "phase", "", false},
      {"BenchJson", {"bench", "small.pbtxt", "--updates", "1", "--json"}, 0, "{\"", "", false},
      {"CheckpointShow", {"checkpoint", "show", "run/best.ckpt"}, 0, "fingerprint", ""},
      {"CheckpointVerify", {"checkpoint", "verify", "run/best.ckpt"}, 0, "parameter", ""},
      {"CheckpointDamaged", {"checkpoint", "verify", "damaged.ckpt"}, 1, "DAMAGED", "damaged.ckpt"},
      {"CheckpointExport", {"checkpoint", "export", "run/best.ckpt", "w.npz"}, 0, "4 tensors to w.npz", ""},
      {"OpsResult", {"ops"}, 0, "plastic_matmul", ""},
      {"OpsOne", {"ops", "HebbianTrace"}, 0, "eligibility", ""},
      {"OpsFault", {"ops", "HebianTrace"}, 2, "", "did you mean"},
      {"Help", {"--help"}, 0, "Exit codes", ""},
      {"Version", {"--version"}, 0, "plgraph 0.1.0\n", ""},
      {"UnknownCommand", {"trian"}, 2, "", "did you mean \"train\"?"},
      {"HelpOfACommand", {"train", "--help"}, 0, "--run-dir", ""},
      {"WrongUsage", {"ops", "--fast"}, 2, "", "--fast"},
  };
}

struct BrokenStream {
  StreamTo to;
  std::string reason;
};

const BrokenStream kBroken[] = {
    {StreamTo::kFullDevice, "No space left on device"},
    {StreamTo::kClosed, "Bad file descriptor"},
    {StreamTo::kReaderGone, "Broken pipe"},
};

class Streams : public CliTest, public ::testing::WithParamInterface<StreamRow> {
 protected:
  Streams() {
    Train();
    std::string bytes = folder_.Read("run/best.ckpt");
    bytes[bytes.size() - 100] ^= 1;
    folder_.Write("damaged.ckpt", bytes);
    WriteNpz(*MakePosixFileSystem(), folder_.Path("part.npz"),
             {{"w", Tensor({12, 12}, std::vector<float>(144))}});
    sound_ = RunWith({});
  }

  // A training is the same whatever becomes of what it says.
  ToolResult RunWith(const ToolSetting& setting) {
    std::filesystem::remove_all(folder_.Path("new"));
    const ToolResult result = RunTool(GetParam().command, folder_.Path(""), setting);
    if (GetParam().command == kTrain) {
      EXPECT_EQ(folder_.Read("new/last.ckpt"), folder_.Read("run/last.ckpt"));
    }
    return result;
  }

  void ExpectSound() {
    EXPECT_EQ(sound_.exit_code, GetParam().exit_code) << sound_.err;
    EXPECT_EQ(sound_.out.empty(), GetParam().result.empty()) << sound_.out;
    EXPECT_EQ(sound_.err.empty(), GetParam().message.empty()) << sound_.err;
    EXPECT_THAT(sound_.out, HasSubstr(GetParam().result));
    EXPECT_THAT(sound_.err, HasSubstr(GetParam().message));
  }

  int CodeOfALostResult() const {
    return GetParam().result.empty() ? GetParam().exit_code : std::max(1, GetParam().exit_code);
  }

  void ExpectWithoutResult(const BrokenStream& broken) {
    const ToolResult result = RunWith({.out = broken.to});
    EXPECT_EQ(result.exit_code, CodeOfALostResult());
    EXPECT_THAT(result.err, HasSubstr(GetParam().message));
    const std::string fault =
        fmt::format("stdout: cannot write: {}; what was printed there is not complete\n", broken.reason);
    EXPECT_EQ(result.err.ends_with(fault), !GetParam().result.empty()) << result.err;
  }

  void ExpectWithoutMessages(const BrokenStream& broken) {
    const ToolResult result = RunWith({.err = broken.to});
    EXPECT_EQ(result.exit_code, GetParam().exit_code);
    EXPECT_THAT(result.out, HasSubstr(GetParam().result));
    if (GetParam().same) {
      EXPECT_EQ(result.out, sound_.out);
    }
  }

  ToolResult sound_;
};

TEST_P(Streams, ThatAreBrokenLoseResultsAloudAndMessagesSilently) {
  ExpectSound();
  for (const BrokenStream& broken : kBroken) {
    SCOPED_TRACE(broken.reason);
    ExpectWithoutResult(broken);
    ExpectWithoutMessages(broken);
    EXPECT_EQ(RunWith({.out = broken.to, .err = broken.to, .input_closed = true}).exit_code,
              CodeOfALostResult());
  }
}

INSTANTIATE_TEST_SUITE_P(Cli, Streams, ::testing::ValuesIn(Rows()),
                         [](const auto& tested) { return tested.param.name; });

class ClosedDescriptors : public CliTest {};

// Whoever opens a file next must not get the number of stdin, stdout or stderr.
TEST_F(ClosedDescriptors, LeaveTheFilesOfATrainingAlone) {
  Train();
  const ToolSetting closed = {.out = StreamTo::kClosed, .err = StreamTo::kClosed, .input_closed = true};
  EXPECT_EQ(RunTool(kTrain, folder_.Path(""), closed).exit_code, 1);  // "trained 60 episodes" is lost
  EXPECT_EQ(folder_.Read("new/lock"), "");
  EXPECT_EQ(folder_.Read("new/last.ckpt"), folder_.Read("run/last.ckpt"));
  const std::string metrics = folder_.Read("new/metrics.jsonl");
  std::istringstream lines(metrics);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) EXPECT_THAT(line, StartsWith("{\"episode\":"));
  EXPECT_EQ(count, 30);
}

}  // namespace
}  // namespace plgraph
