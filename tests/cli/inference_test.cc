// eval, run, gradcheck and checkpoint.
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/file_system.h"
#include "serialization/formats/npy.h"
#include "tests/cli/cli_test.h"
#include "tools/training/data_source.h"

namespace plgraph {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class InferenceTest : public CliTest {
 protected:
  InferenceTest() { Train(); }

  std::vector<std::string> RunArguments(const std::string& input, const std::string& output) {
    return {"run", "small.pbtxt", "--checkpoint", "run/last.ckpt", "--input", input, "--output", output};
  }
  // The cues of evaluation episodes, [episodes, 13, 12].
  void WriteCues(const std::string& name, std::int64_t episodes) {
    Patterns patterns;
    patterns.set_patterns(2);
    patterns.set_presentations(1);
    patterns.set_show_steps(3);
    patterns.set_gap_steps(2);
    patterns.set_query_steps(3);
    patterns.set_scale(5);
    const auto source =
        MakePatternsSource(patterns, {.ports = {{"cue", Shape{12}, true}, {"target", Shape{12}, true}},
                                      .seed = 1,
                                      .use = DataUse::kEvaluation,
                                      .folder = ""});
    std::vector<float> cues;
    for (std::int64_t episode = 0; episode < episodes; ++episode) {
      std::vector<float> one(13 * 12);
      source->Fill(0, {.first_episode = static_cast<std::uint64_t>(episode), .steps = 13}, std::span(one));
      cues.insert(cues.end(), one.begin(), one.end());
    }
    WriteNpy(*files_, folder_.Path(name), Tensor(Shape{episodes, 13, 12}, cues));
  }
  Tensor ReadArray(const std::string& name) { return ReadNpy(*files_, folder_.Path(name)); }

  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
};

TEST_F(InferenceTest, EvalMeasuresACheckpoint) {
  const std::vector<std::string> eval = {"eval", "small.pbtxt", "--checkpoint", "run/last.ckpt"};
  EXPECT_THAT(Output(eval),
              StartsWith("100 distinct episodes of patterns; training sees none of them\nloss "));
  EXPECT_THAT(Output(eval), HasSubstr("error_rate"));
  std::vector<std::string> json = eval;
  json.insert(json.end(), {"--json", "--episodes", "17"});
  const nlohmann::json result = nlohmann::json::parse(Output(json));
  EXPECT_EQ(result["episodes"], 17);
  EXPECT_GT(result["loss"], 0);
  // The size of the batch decides nothing, even where it does not divide the episodes.
  json.insert(json.end(), {"--set", "train.batch=5"});
  EXPECT_NEAR(nlohmann::json::parse(Output(json))["loss"].get<double>(), result["loss"].get<double>(), 1e-5);
}

TEST_F(InferenceTest, EvalRefusesWhatIsNoCheckpointOfTheModel) {
  EXPECT_THAT(Fault(2, {"eval", "small.pbtxt", "--checkpoint", "none.ckpt"}),
              HasSubstr("none.ckpt: no such file"));
  EXPECT_THAT(Fault(2, {"eval", "small.pbtxt", "--checkpoint", "small.pbtxt"}), HasSubstr("neither"));
  EXPECT_THAT(Fault(2, {"eval", "small.pbtxt", "--checkpoint", "run/last.ckpt", "--set", "n=14"}),
              HasSubstr("has shape [12, 12], but the model's has [14, 14]"));
  folder_.Write("cut.ckpt", folder_.Read("run/last.ckpt").substr(0, 500));
  EXPECT_THAT(Fault(1, {"eval", "small.pbtxt", "--checkpoint", "cut.ckpt"}), HasSubstr("cut.ckpt"));
}

TEST_F(InferenceTest, EvalCountsWhichClassIsTakenForWhich) {
  const auto eval = [](const std::string& confusion) {
    return std::vector<std::string>{"eval",          "small.pbtxt", "--checkpoint",
                                    "run/last.ckpt", "--confusion", confusion};
  };
  EXPECT_THAT(Output(eval("y_next,target")), HasSubstr("target (lines) taken for (columns)"));
  std::vector<std::string> json = eval("y_next,target");
  json.insert(json.end(), {"--json", "--episodes", "17"});
  const auto counts = nlohmann::json::parse(Output(json))["confusion"].get<std::vector<std::vector<int>>>();
  ASSERT_EQ(counts.size(), 12U);
  int sum = 0;
  for (const std::vector<int>& of_label : counts)
    sum = std::accumulate(of_label.begin(), of_label.end(), sum);
  EXPECT_EQ(sum, 17);
  // What is compared with itself is never taken for something else.
  json[5] = "target,target";
  const auto same = nlohmann::json::parse(Output(json))["confusion"].get<std::vector<std::vector<int>>>();
  for (size_t i = 0; i < same.size(); ++i)
    EXPECT_EQ(same[i][i], std::accumulate(same[i].begin(), same[i].end(), 0));

  EXPECT_THAT(Fault(2, eval("y_next")), HasSubstr("expected two values of the model: PREDICTION,LABEL"));
  EXPECT_THAT(Fault(2, eval("y_nxt,target")), HasSubstr("has no value \"y_nxt\" (did you mean \"y_next\"?)"));
  EXPECT_THAT(Fault(2, eval("w,target")), HasSubstr("expected scores [C], and a scalar or [C]"));
  EXPECT_THAT(Fault(1, eval("y_next,error")), HasSubstr("the label \"error\" is"));
}

TEST_F(InferenceTest, RunGivesWhatIsAskedFor) {
  WriteCues("cue.npy", 70);  // more than are run side by side
  std::vector<std::string> arguments = RunArguments("cue=cue.npy", "y_next=y.npy");
  for (const std::string more : {"hebb_next=trace.npy", "eta=eta.npy", "hebb=before.npy"}) {
    arguments.insert(arguments.end(), {"--output", more});
  }
  EXPECT_THAT(Output(arguments), HasSubstr("y_next [70, 13, 12] -> y.npy"));
  const Tensor y = ReadArray("y.npy");
  EXPECT_EQ(y.shape(), (Shape{70, 13, 12}));
  EXPECT_EQ(ReadArray("eta.npy").shape(), Shape{});
  EXPECT_EQ(ReadArray("trace.npy").shape(), (Shape{70, 13, 12, 12}));
  // A state at a step is its next of the step before.
  const std::vector<float> trace = ReadArray("trace.npy").As<float>();
  const std::vector<float> before = ReadArray("before.npy").As<float>();
  for (size_t i = 144; i < 13 * 144; ++i) ASSERT_EQ(before[i], trace[i - 144]);
  // An episode does not depend on its neighbours.
  WriteCues("few.npy", 3);
  Output(RunArguments("cue=few.npy", "y_next=few_y.npy"));
  const std::vector<float> few = ReadArray("few_y.npy").As<float>();
  const std::vector<float> all = y.As<float>();
  for (size_t i = 0; i < few.size(); ++i) ASSERT_NEAR(few[i], all[i], 1e-6);
}

TEST_F(InferenceTest, RunRefusesWhatDoesNotFit) {
  WriteCues("cue.npy", 2);
  WriteNpy(*files_, folder_.Path("flat.npy"), Tensor(Shape{2, 12}, std::vector<float>(24)));
  WriteNpy(*files_, folder_.Path("target.npy"), Tensor(Shape{2, 13, 12}, std::vector<float>(312)));
  const auto fault = [&](const std::string& input, const std::string& output) {
    return Fault(2, RunArguments(input, output));
  };
  EXPECT_THAT(fault("target=target.npy", "y_next=y.npy"), HasSubstr("input \"cue\" is missing"));
  EXPECT_THAT(fault("cue=flat.npy", "y_next=y.npy"), HasSubstr("has shape [2, 12]"));
  EXPECT_THAT(fault("cues=cue.npy", "y_next=y.npy"), HasSubstr("did you mean \"cue\""));
  EXPECT_THAT(fault("cue=cue.npy", "y_nxt=y.npy"), HasSubstr("did you mean \"y_next\""));
  EXPECT_THAT(fault("cue=none.npy", "y_next=y.npy"), HasSubstr("none.npy: no such file"));
  EXPECT_THAT(fault("cue.npy", "y_next=y.npy"), HasSubstr("expected NAME=FILE.npy"));
  EXPECT_THAT(fault("cue=cue.npy", "y_next"), HasSubstr("expected NAME=FILE.npy"));
  EXPECT_FALSE(folder_.Exists("y.npy"));
  // A loss can be asked for, but then its target must be given.
  EXPECT_THAT(fault("cue=cue.npy", "error=e.npy"), HasSubstr("input \"target\" is missing"));
  std::vector<std::string> both = RunArguments("cue=cue.npy", "error=e.npy");
  both.insert(both.end(), {"--input", "target=target.npy"});
  Output(both);
  EXPECT_EQ(ReadArray("e.npy").shape(), (Shape{2, 13}));
}

TEST_F(InferenceTest, GradcheckPassesAndFailsByItsTolerance) {
  const std::string report = Output({"gradcheck", "small.pbtxt", "--init", "run/last.ckpt"});
  for (const std::string name : {"w ", "alpha ", "eta ", "worst: ", "passed"})
    EXPECT_THAT(report, HasSubstr(name));
  EXPECT_EQ(report.find("fixed"), std::string::npos);
  const ToolResult strict = Run({"gradcheck", "small.pbtxt", "--tolerance", "1e-30"});
  EXPECT_EQ(strict.exit_code, 1);
  EXPECT_THAT(strict.out, HasSubstr("FAILED"));
  EXPECT_THAT(Output({"gradcheck", "small.pbtxt", "--float"}), HasSubstr("passed"));
}

TEST_F(InferenceTest, GradcheckWritesGradientsAndLoss) {
  Output({"gradcheck", "small.pbtxt", "--write", "g.npz"});
  Output({"gradcheck", "small.pbtxt", "--write", "f.npz", "--float"});
  const NamedTensors in_double = ReadNpz(*files_, folder_.Path("g.npz"));
  const NamedTensors in_float = ReadNpz(*files_, folder_.Path("f.npz"));
  ASSERT_EQ(in_double.size(), 4U);  // w, alpha, eta, loss
  for (const NamedTensor& entry : in_double) {
    EXPECT_EQ(entry.tensor.dtype(), DType::kDouble);
    const Tensor* other = FindTensor(in_float, entry.name);
    ASSERT_NE(other, nullptr) << entry.name;
    EXPECT_EQ(other->dtype(), DType::kFloat);
    const std::vector<double> a = entry.tensor.As<double>();
    const std::vector<double> b = other->As<double>();
    for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-4 * (1 + std::abs(a[i])));
  }
  EXPECT_EQ(FindTensor(in_double, "loss")->shape(), Shape{});
}

TEST_F(InferenceTest, CheckpointsAreShownAndExported) {
  const std::string shown = Output({"checkpoint", "show", "run/last.ckpt"});
  for (const std::string text :
       {"episode      60", "update       30", "optimizer    adam", "alpha", "[12, 12]", "w.0"}) {
    EXPECT_THAT(shown, HasSubstr(text));
  }
  EXPECT_THAT(Output({"checkpoint", "export", "run/last.ckpt", "p.npz"}), HasSubstr("wrote 4 tensors"));
  EXPECT_EQ(ReadNpz(*files_, folder_.Path("p.npz")).size(), 4U);
  Output({"checkpoint", "export", "run/last.ckpt", "all.npz", "--all"});
  EXPECT_EQ(ReadNpz(*files_, folder_.Path("all.npz")).size(), 10U);
  EXPECT_THAT(Fault(2, {"checkpoint", "show", "none.ckpt"}), HasSubstr("none.ckpt: no such file"));
  EXPECT_THAT(Fault(1, {"checkpoint", "show", "small.pbtxt"}), HasSubstr("small.pbtxt"));
  EXPECT_THAT(Fault(2, {"checkpoint", "export", "run/last.ckpt"}), HasSubstr("OUT"));
}

}  // namespace
}  // namespace plgraph
