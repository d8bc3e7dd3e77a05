// checkpoint verify, and files that do not fit the model.
#include "serialization/state/checkpoint.h"

#include <cmath>

#include "serialization/formats/npy.h"
#include "tests/cli/cli_test.h"

namespace plgraph {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class CliCheckpointTest : public CliTest {
 protected:
  CliCheckpointTest() { Train(); }

  // Writes run/last.ckpt with something changed.
  template <typename Change>
  void WriteChanged(const std::string& name, const Change& change) {
    Checkpoint checkpoint = ReadCheckpoint(*files_, folder_.Path("run/last.ckpt"));
    change(checkpoint);
    WriteCheckpoint(*files_, folder_.Path(name), checkpoint);
  }
  // Without alpha, with eta of another shape, and with one that no model has.
  void WriteOfAnotherModel(const std::string& name) {
    WriteChanged(name, [](Checkpoint& checkpoint) {
      checkpoint.parameters[1].name = "alhpa";
      checkpoint.parameters[2].tensor = Tensor({2}, std::vector<float>(2));
    });
  }
  void WriteNan(const std::string& name) {
    WriteChanged(name, [](Checkpoint& checkpoint) {
      std::vector<float> values = checkpoint.parameters[0].tensor.values<float>();
      values[14] = NAN;
      values[15] = INFINITY;
      checkpoint.parameters[0].tensor = Tensor({12, 12}, values);
    });
  }

  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
};

TEST_F(CliCheckpointTest, VerifyNamesWhatIsDamagedAndSavesTheRest) {
  EXPECT_THAT(Output({"checkpoint", "verify", "run/last.ckpt"}), Not(HasSubstr("DAMAGED")));
  std::string bytes = folder_.Read("run/last.ckpt");
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  folder_.Write("damaged.ckpt", bytes);
  const ToolResult result = Run({"checkpoint", "verify", "damaged.ckpt", "--salvage", "whole.npz"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("damaged.ckpt: the file is damaged: 1 of 10 tensors"));
  EXPECT_THAT(result.out, HasSubstr("parameter  w                    float   [12, 12]         whole\n"));
  EXPECT_THAT(result.out,
              HasSubstr("moment     eta.1                float   []               DAMAGED: has checksum"));
  EXPECT_THAT(result.out, HasSubstr("wrote the 9 intact tensors to whole.npz"));
  const NamedTensors saved = ReadNpz(*files_, folder_.Path("whole.npz"));
  ASSERT_NE(FindTensor(saved, "moment/w.1"), nullptr);
  const Checkpoint sound = ReadCheckpoint(*files_, folder_.Path("run/last.ckpt"));
  EXPECT_EQ(FindTensor(saved, "w")->values<float>(), sound.parameters[0].tensor.values<float>());
  // Its parameters are all there: what the optimizer kept is left over.
  EXPECT_THAT(Fault(2, {"eval", "small.pbtxt", "--checkpoint", "whole.npz"}), HasSubstr("left over"));
  Output({"eval", "small.pbtxt", "--checkpoint", "whole.npz", "--partial"});
}

TEST_F(CliCheckpointTest, VerifySavesWhatIsInACutFile) {
  folder_.Write("cut.ckpt", folder_.Read("run/last.ckpt").substr(0, 1600));
  const ToolResult result = Run({"checkpoint", "verify", "cut.ckpt", "--salvage", "whole.npz"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr("DAMAGED: is cut: it ends at byte"));
  EXPECT_THAT(result.out, HasSubstr("wrote the 3 intact tensors"));
  folder_.Write("empty.ckpt", folder_.Read("run/last.ckpt").substr(0, 600));
  EXPECT_THAT(Run({"checkpoint", "verify", "empty.ckpt", "--salvage", "none.npz"}).err,
              HasSubstr("holds no intact tensor; none.npz was not written"));
  EXPECT_FALSE(folder_.Exists("none.npz"));
}

TEST_F(CliCheckpointTest, VerifySaysThatTheHeaderIsDamaged) {
  std::string bytes = folder_.Read("run/last.ckpt");
  bytes[40] = static_cast<char>(bytes[40] ^ 1);
  folder_.Write("damaged.ckpt", bytes);
  EXPECT_THAT(Fault(1, {"checkpoint", "verify", "damaged.ckpt", "--salvage", "whole.npz"}),
              HasSubstr("the header has checksum"));
  EXPECT_FALSE(folder_.Exists("whole.npz"));
}

TEST_F(CliCheckpointTest, NumbersThatAreNotFiniteAreReported) {
  WriteNan("nan.ckpt");
  const std::string what = "2 of 144 numbers are not finite, the first at [1, 2]";
  EXPECT_THAT(Output({"checkpoint", "verify", "nan.ckpt"}), HasSubstr("whole, but " + what));
  EXPECT_THAT(Output({"checkpoint", "show", "nan.ckpt"}), HasSubstr(what));
  EXPECT_THAT(Fault(2, {"eval", "small.pbtxt", "--checkpoint", "nan.ckpt"}),
              HasSubstr("not finite   parameter \"w\": " + what));
  const ToolResult partial = Run({"eval", "small.pbtxt", "--checkpoint", "nan.ckpt", "--partial"});
  EXPECT_EQ(partial.exit_code, 0);
  EXPECT_THAT(partial.err, HasSubstr(what));
  EXPECT_THAT(partial.out, Not(HasSubstr("nan")));
}

TEST_F(CliCheckpointTest, AnotherModelsFileIsRefusedWithTheList) {
  WriteOfAnotherModel("other.ckpt");
  const std::vector<std::vector<std::string>> commands = {
      {"train", "small.pbtxt", "--run-dir", "x", "--init", "other.ckpt"},
      {"eval", "small.pbtxt", "--checkpoint", "other.ckpt"},
      {"run", "small.pbtxt", "--checkpoint", "other.ckpt", "--episodes", "2", "--output", "y_next=y.npy"},
      {"gradcheck", "small.pbtxt", "--init", "other.ckpt"}};
  const std::string list =
      "2 of the model's 4 tensors match\n"
      "  missing      parameter \"alpha\" [12, 12]\n"
      "  other shape  parameter \"eta\" has shape [2], but the model's has []\n"
      "  left over    parameter \"alhpa\" [12, 12] (did you mean \"alpha\"?)\n"
      "  matches      parameter \"w\" [12, 12]\n"
      "  matches      parameter \"fixed\" [12]\n";
  for (std::vector<std::string> command : commands) {
    const std::string fault = Fault(2, command);
    EXPECT_THAT(fault, HasSubstr("other.ckpt: does not fit the model: " + list));
    EXPECT_THAT(fault, HasSubstr("--partial takes what matches"));
    command.emplace_back("--partial");
    const ToolResult partial = Run(command);
    EXPECT_EQ(partial.exit_code, 0) << partial.err;
    EXPECT_THAT(partial.err,
                HasSubstr("other.ckpt: " + list + "what does not match begins as the model says"));
  }
}

TEST_F(CliCheckpointTest, WhereNothingMatchesPartialRefusesToo) {
  WriteNpz(*files_, folder_.Path("other.npz"), {{"v", Tensor({1}, std::vector<float>{1})}});
  EXPECT_THAT(Fault(2, {"eval", "small.pbtxt", "--checkpoint", "other.npz", "--partial"}),
              HasSubstr("0 of the model's 4 tensors match"));
}

TEST_F(CliCheckpointTest, ARunIsResumedPartly) {
  WriteOfAnotherModel("other.ckpt");
  folder_.Write("run/last.ckpt", folder_.Read("other.ckpt"));
  const std::vector<std::string> resume = {"train",    "small.pbtxt", "--run-dir",        "run",
                                           "--resume", "--set",       "train.episodes=80"};
  EXPECT_THAT(Fault(2, resume),
              HasSubstr("run/last.ckpt: does not fit the model: 8 of the model's 10 tensors"));
  std::vector<std::string> partly = resume;
  partly.emplace_back("--partial");
  const ToolResult result = Run(partly);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("matches      optimizer's \"w.0\" [12, 12]"));
  EXPECT_EQ(ReadCheckpoint(*files_, folder_.Path("run/last.ckpt")).episode, 80);
  Output({"eval", "small.pbtxt", "--checkpoint", "run/last.ckpt"});
}

}  // namespace
}  // namespace plgraph
