// A run directory is self-contained: commands take it in place of a model, from any folder, and a resume goes on as the
// run was begun.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "serialization/formats/npy.h"
#include "tests/cli/cli_test.h"

namespace plgraph {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Words = std::vector<std::string>;

// Learns y = w x on arrays whose paths are relative to it.
constexpr const char* kModel = R"(
name: "line"
dim { name: "n" size: 3 }
input { name: "x" shape: "n" }
input { name: "target" shape: "n" }
parameter { name: "w" shape: "n" normal { stddev: 0.5 } }
node { name: "y" mul { a: "x" b: "w" } }
node { name: "error" squared_error { prediction: "y" target: "target" } }
loss { value: "error" at: LAST_STEP }
train {
  episodes: 40
  adam { learning_rate: 1e-2 }
  data { npy { array { input: "x" path: "arrays/x.npy" } array { input: "target" path: "arrays/t.npy" } } }
  checkpoints { last_every: 10 }
}
)";

class RunFolderTest : public CliTest {
 protected:
  RunFolderTest() {
    for (const std::string name : {"models/arrays", "elsewhere/deep"}) {
      std::filesystem::create_directories(folder_.Path(name));
    }
    folder_.Write("models/line.pbtxt", kModel);
    WriteArray("x", 2, 1);
    WriteArray("t", 2, 2);
  }

  // [8, 2, n], each element `scale` times its place.
  void WriteArray(const std::string& name, std::int64_t n, double scale) {
    std::vector<float> numbers;
    for (int i = 0; i < 8 * 2 * n; ++i) numbers.push_back(static_cast<float>(scale * 0.01 * i));
    WriteNpy(*files_, folder_.Path("models/arrays/" + name + ".npy"), Tensor({8, 2, n}, numbers));
  }
  Words Start(const std::string& run, const Words& more = {}) {
    Words words = {"train", "models/line.pbtxt", "--run-dir", run, "--set", "n=2", "--set", "train.batch=4"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  ToolResult Elsewhere(const Words& words) { return RunTool(words, folder_.Path("elsewhere/deep")); }
  nlohmann::json Description(const std::string& run) {
    return nlohmann::json::parse(folder_.Read(run + "/run.json"));
  }
  // What `eval --json` prints, without where the data lie: the model of a run has other paths to the same data.
  static nlohmann::json Measured(const std::string& printed) {
    nlohmann::json measured = nlohmann::json::parse(printed);
    measured["data"].erase("name");
    return measured;
  }
  // A run that was stopped after its first update.
  void Stop(const std::string& run) { Run(Start(run, {"--max-time", "0.000000001h"})); }
  void ExpectSameRun(const std::string& run) {
    for (const std::string name : {"/last.ckpt", "/best.ckpt", "/model.pbtxt"}) {
      EXPECT_EQ(folder_.Read("whole" + name), folder_.Read(run + name)) << name;
    }
  }

  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
};

TEST_F(RunFolderTest, IsTakenInPlaceOfAModel) {
  Output(Start("run"));
  const std::string model = Output({"eval", "models/line.pbtxt", "--checkpoint", "run/best.ckpt", "--set",
                                    "n=2", "--set", "train.batch=4", "--json"});
  const ToolResult eval = Elsewhere({"eval", "../../run", "--json"});
  EXPECT_EQ(Measured(eval.out), Measured(model)) << eval.err;
  EXPECT_THAT(eval.err, HasSubstr("parameters of ../../run/best.ckpt\n"));
  const ToolResult of_model =
      Elsewhere({"eval", "../../run/model.pbtxt", "--checkpoint", "../../run/best.ckpt", "--json"});
  EXPECT_EQ(Measured(of_model.out), Measured(model)) << of_model.err;
  EXPECT_EQ(Elsewhere({"run", "../../run/", "--episodes", "8", "--output", "y=y.npy"}).exit_code, 0);
  EXPECT_EQ(ReadNpy(*files_, folder_.Path("elsewhere/deep/y.npy")).shape().ToString(), "[8, 2, 2]");
  for (const Words& words :
       {Words{"gradcheck", "../../run"}, Words{"bench", "../../run", "--updates", "1"}}) {
    const ToolResult result = Elsewhere(words);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr("parameters of ../../run/best.ckpt\n"));
  }
  EXPECT_THAT(Elsewhere({"compile", "../../run"}).out, HasSubstr("line"));
}

TEST_F(RunFolderTest, TakesTheLastCheckpointWhereThereIsNoBest) {
  Output(Start("run"));
  std::filesystem::remove(folder_.Path("run/best.ckpt"));
  EXPECT_THAT(Run({"eval", "run"}).err, HasSubstr("parameters of run/last.ckpt\n"));
  std::filesystem::remove(folder_.Path("run/last.ckpt"));
  EXPECT_THAT(Fault(2, {"eval", "run"}),
              HasSubstr("run: the run has no checkpoint (no best.ckpt, no last.ckpt)"));
  EXPECT_THAT(Fault(2, {"eval", "elsewhere"}),
              HasSubstr("elsewhere: a folder that holds no run of `plgraph train` (no model.pbtxt)"));
  EXPECT_THAT(
      Fault(2, {"run", "models/line.pbtxt", "--output", "y=y.npy"}),
      HasSubstr("models/line.pbtxt: a model has no trained parameters; name a file of them by --checkpoint"));
}

TEST_F(RunFolderTest, IsResumedFromAnywhereAsItWasBegun) {
  Output(Start("whole"));
  Stop("own");
  const ToolResult own = Elsewhere({"train", "../../own", "--resume"});
  EXPECT_EQ(own.exit_code, 0) << own.err;
  ExpectSameRun("own");
  EXPECT_THAT(own.err, Not(HasSubstr("differs")));
  Stop("named");
  Output({"train", "models/line.pbtxt", "--run-dir", "named", "--resume", "--set", "n=2"});
  ExpectSameRun("named");
  EXPECT_EQ(Description("named")["settings"], nlohmann::json({"train.batch=4", "n=2"}));
}

TEST_F(RunFolderTest, GoesOnWithTheEventsAndThePictureThatItHas) {
  WriteArray("x", 4, 1);
  WriteArray("t", 4, 2);
  Output(Start("run", {"--set", "n=4", "--tensorboard", "--grid", "w,y@0", "--grid-range=-2,2", "--max-time",
                       "0.000000001h"}));
  std::filesystem::remove(folder_.Path("run/grid.png"));
  Output({"train", "run", "--resume"});
  EXPECT_TRUE(folder_.Exists("run/grid.png"));
  EXPECT_GE(std::distance(std::filesystem::directory_iterator(folder_.Path("run/tensorboard")),
                          std::filesystem::directory_iterator()),
            2);
  EXPECT_EQ(Description("run")["grid"], "w,y@0");
  EXPECT_EQ(Description("run")["grid_range"], nlohmann::json({-2, 2}));
  EXPECT_EQ(Description("run")["tensorboard"], true);
}

TEST_F(RunFolderTest, RecordsANewSetting) {
  Output(Start("run"));
  const ToolResult result =
      Run({"train", "run", "--resume", "--set", "train.batch=8", "--set", "train.episodes=80"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("run: the run goes on with what differs from it so far:\n"
                                    "  train.episodes: 40 -> 80\n  train.batch: 4 -> 8\n"));
  EXPECT_THAT(folder_.Read("run/model.pbtxt"), AllOf(HasSubstr("batch: 8"), HasSubstr("episodes: 80")));
  const nlohmann::json run = Description("run");
  EXPECT_EQ(run["settings"], nlohmann::json({"n=2", "train.batch=8", "train.episodes=80"}));
  ASSERT_EQ(run["changes"].size(), 1U);
  EXPECT_EQ(run["changes"][0]["episode"], 40);
  EXPECT_EQ(run["changes"][0]["differences"],
            nlohmann::json({"train.episodes: 40 -> 80", "train.batch: 4 -> 8"}));
  EXPECT_EQ(run["changes"][0]["command"][2], "run");
  EXPECT_EQ(run["command"][2], "models/line.pbtxt");
  // The same again changes nothing more.
  EXPECT_THAT(Run({"train", "run", "--resume", "--set", "train.batch=8"}).err, Not(HasSubstr("differs")));
  EXPECT_EQ(Description("run")["changes"].size(), 1U);
}

TEST_F(RunFolderTest, RefusesAnotherModelUnderTheSameName) {
  Output(Start("run"));
  std::string text = kModel;
  text.replace(text.find("mul {"), 3, "sub");
  folder_.Write("models/line.pbtxt", text);
  const std::string last = folder_.Read("run/last.ckpt");
  const std::string model = folder_.Read("run/model.pbtxt");
  const Words resume = {"train", "models/line.pbtxt", "--run-dir", "run", "--resume",
                        "--set", "train.episodes=60"};
  EXPECT_THAT(
      Fault(2, resume),
      HasSubstr("run: the model, the optimizer or the data are not those of the run:\n"
                "  node.y.op: mul { a: \"x\" b: \"w\" } -> sub { a: \"x\" b: \"w\" }\n"
                "  train.episodes: 40 -> 60\n"
                "`plgraph train run --resume` goes on with the run's own model; --allow-changes goes on "
                "with what differs\n"));
  EXPECT_EQ(folder_.Read("run/last.ckpt"), last);
  EXPECT_EQ(folder_.Read("run/model.pbtxt"), model);
  Words allowed = resume;
  allowed.emplace_back("--allow-changes");
  EXPECT_THAT(Run(allowed).err, HasSubstr("goes on with what differs from it so far:\n  node.y.op: mul"));
  EXPECT_THAT(folder_.Read("run/model.pbtxt"), HasSubstr("sub {"));
}

TEST_F(RunFolderTest, RefusesOtherDataButNotAnotherPlace) {
  Output(Start("run"));
  const nlohmann::json data = Description("run")["data"];
  ASSERT_EQ(data.size(), 2U);
  EXPECT_EQ(data[0]["setting"], "train.data.npy.array.x.path");
  EXPECT_EQ(data[0]["path"], std::filesystem::weakly_canonical(folder_.Path("models/arrays/x.npy")).string());
  EXPECT_EQ(data[0]["bytes"], 256);  // 128 of heading, 8 x 2 x 2 floats
  WriteArray("t", 2, 3);
  const std::string fault = Fault(2, {"train", "run", "--resume", "--set", "train.episodes=60"});
  EXPECT_THAT(fault, HasSubstr("run: the model, the optimizer or the data are not those of the run:\n"
                               "  train.data.npy.array.target.path: "));
  EXPECT_THAT(fault, HasSubstr("t.npy: 256 bytes with checksum "));
  WriteArray("t", 2, 2);
  std::filesystem::rename(folder_.Path("models/arrays"), folder_.Path("models/moved"));
  const std::string path = folder_.Path("models/moved/");
  const ToolResult moved =
      Run({"train", "run", "--resume", "--set", "train.data.npy.array.x.path=" + path + "x.npy", "--set",
           "train.data.npy.array.target.path=" + path + "t.npy"});
  EXPECT_EQ(moved.exit_code, 0) << moved.err;
  EXPECT_THAT(moved.err,
              HasSubstr("goes on with what differs from it so far:\n  train.data.npy.array.x.path: "));
}

TEST_F(RunFolderTest, KeepsWhatIsMeasuredOfIt) {
  Output(Start("run"));
  const double loss = nlohmann::json::parse(Output({"eval", "run", "--json"}))["loss"];
  folder_.Write("run/evaluations.jsonl", folder_.Read("run/evaluations.jsonl") + "{\"time\": \"cut");
  Output({"eval", "run", "--checkpoint", "run/last.ckpt", "--episodes", "3", "--set", "train.batch=1"});
  std::istringstream text(folder_.Read("run/evaluations.jsonl"));
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(text, line);)
    lines.push_back(nlohmann::json::parse(line, nullptr, false));
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0]["checkpoint"], "best.ckpt");
  EXPECT_EQ(lines[0]["loss"], loss);
  EXPECT_EQ(lines[0]["episodes"], 8);
  EXPECT_EQ(lines[0]["data"].size(), 2U);
  EXPECT_EQ(lines[0]["settings"], nlohmann::json::array());
  EXPECT_TRUE(lines[1].is_discarded());
  EXPECT_EQ(lines[2]["checkpoint"], "last.ckpt");
  EXPECT_EQ(lines[2]["episode"], 40);
  EXPECT_EQ(lines[2]["episodes"], 3);
  EXPECT_EQ(lines[2]["settings"], nlohmann::json({"train.batch=1"}));
  EXPECT_FALSE(folder_.Exists("models/evaluations.jsonl"));
}

TEST_F(RunFolderTest, SaysWhenItIsMeasuredOnOtherData) {
  Output(Start("run"));
  EXPECT_THAT(Run({"eval", "run"}).err, Not(HasSubstr("warning")));
  WriteArray("t", 2, 3);
  const ToolResult result = Run({"eval", "run"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("warning: run: these are not the data of the run: "
                                    "train.data.npy.array.target.path: "));
}

TEST_F(RunFolderTest, PrintsAnEvaluationThatCannotBeKept) {
  Output(Start("run"));
  std::filesystem::create_directory(folder_.Path("run/evaluations.jsonl"));
  const ToolResult result = Run({"eval", "run"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("loss"));
  EXPECT_THAT(result.err,
              HasSubstr("warning: the evaluation is not kept in the run: run/evaluations.jsonl: "));
}

TEST_F(RunFolderTest, SaysWhatItRanOn) {
  Stop("run");
  EXPECT_EQ(Description("run")["episodes"], 4);
  EXPECT_TRUE(Description("run").contains("stopped"));
  EXPECT_FALSE(Description("run").contains("finished"));
  Output({"train", "run", "--resume"});
  const nlohmann::json run = Description("run");
  EXPECT_EQ(run["episodes"], 40);
  EXPECT_EQ(run["total_episodes"], 40);
  EXPECT_FALSE(run.contains("stopped"));
  EXPECT_TRUE(run.contains("finished"));
  EXPECT_EQ(run["format"], 1);
  EXPECT_FALSE(run["version"].get<std::string>().empty());
  EXPECT_FALSE(run["kernels"].get<std::string>().empty());
  EXPECT_EQ(run["settings"], nlohmann::json({"n=2", "train.batch=4"}));
}

// Runs of a version whose run.json had no format: paths start from the folder of the first model.
TEST_F(RunFolderTest, ReadsRunsOfBefore) {
  Output(Start("run"));
  const nlohmann::json result = Measured(Output({"eval", "run", "--json"}));
  std::string model = folder_.Read("run/model.pbtxt");
  const std::string absolute = std::filesystem::weakly_canonical(folder_.Path("models")).string() + "/";
  for (size_t at = model.find(absolute); at != std::string::npos; at = model.find(absolute)) {
    model.erase(at, absolute.size());
  }
  folder_.Write("run/model.pbtxt", model);
  folder_.Write("run/run.json", R"({"version": "0.1.0", "model": "models/line.pbtxt", "seed": 0})");
  EXPECT_EQ(Measured(Output({"eval", "run", "--json"})), result);
  Output({"train", "run", "--resume", "--set", "train.episodes=60"});
  EXPECT_THAT(folder_.Read("run/model.pbtxt"), HasSubstr(absolute + "arrays/x.npy"));
  folder_.Write("run/run.json", "{\"format\": \"one\"}");
  EXPECT_THAT(Fault(2, {"train", "run", "--resume"}),
              HasSubstr("run/run.json: not what `plgraph train` writes"));
  folder_.Write("run/run.json", std::string(200000, '['));
  EXPECT_THAT(Fault(2, {"train", "run", "--resume"}),
              HasSubstr("run/run.json: not what `plgraph train` writes"));
}

TEST_F(RunFolderTest, IsNotBegunWithoutAWord) {
  Output(Start("run"));
  EXPECT_THAT(
      Fault(2, {"train", "run"}),
      HasSubstr("run: a run; --resume goes on with it, and --run-dir DIR starts another one of its model"));
  Output({"train", "run", "--run-dir", "again"});
  EXPECT_EQ(folder_.Read("again/last.ckpt"), folder_.Read("run/last.ckpt"));
  EXPECT_THAT(Fault(2, {"train", "models/line.pbtxt", "--run-dir", "x", "--allow-changes"}),
              HasSubstr("--resume"));
}

}  // namespace
}  // namespace plgraph
