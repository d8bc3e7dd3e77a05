#include <cstdlib>
#include <filesystem>

#include "core/file_system.h"
#include "serialization/formats/npy.h"
#include "tests/cli/cli_test.h"

namespace plgraph {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// The number that stands behind a word in a report, with commas.
double NumberBehind(const std::string& report, const std::string& word) {
  const size_t at = report.find(word);
  EXPECT_NE(at, std::string::npos) << word;
  std::string digits;
  for (size_t i = report.find_first_of("0123456789", at); i < report.size(); ++i) {
    if (report[i] == ',') continue;
    if (std::isdigit(static_cast<unsigned char>(report[i])) == 0) break;
    digits += report[i];
  }
  return std::atof(digits.c_str());
}

TEST_F(CliTest, CompileReportsNodesPhasesBytesAndOperations) {
  const std::string report = Output({"compile", "small.pbtxt"});
  EXPECT_THAT(report, HasSubstr("model small: 6 nodes"));
  EXPECT_THAT(report, HasSubstr("an episode has 13 steps; batch 2; float"));
  EXPECT_THAT(report, HasSubstr("parameters: 4, elements: 301"));
  size_t last = 0;
  for (const std::string phase :
       {"phase once:", "phase ahead:", "phase step:", "phase after:", "phase step adjoint:"}) {
    const size_t at = report.find(phase);
    ASSERT_NE(at, std::string::npos) << phase;
    EXPECT_GE(at, last);
    last = at;
  }
  EXPECT_LT(report.find("recurrent "), report.find("y_next "));
  for (const std::string section : {"parameters", "gradients", "optimizer", "inputs", "states",
                                    "saved for the backward pass", "scratch", "total"}) {
    EXPECT_GE(NumberBehind(report.substr(report.find("arena, bytes")), section), 0) << section;
  }
  EXPECT_GT(NumberBehind(report, "floating-point operations per episode:"), 13 * 5 * 144);
  EXPECT_THAT(report, HasSubstr("PlasticMatMul      [12]  fused loop 0  fused with the node before\n"));
  EXPECT_THAT(report, HasSubstr("one at a time; the backward pass inverts its updates"));
}

TEST_F(CliTest, CompileWarnsOfWhatIsNotUsed) {
  EXPECT_EQ(Run({"compile", "small.pbtxt"}).err, "");
  folder_.Write("unused.pbtxt", R"(dim { name: "n" size: 2 }
dim { name: "m" size: 2 }
input { name: "x" shape: "n" }
input { name: "z" shape: "n" }
parameter { name: "w" shape: "n" normal {} }
parameter { name: "v" shape: "n" normal {} }
parameter { name: "u" shape: "n" normal {} }
parameter { name: "fixed" shape: "n" normal {} trainable: false }
parameter { name: "start" shape: "n" normal {} }
state { name: "s" shape: "n" next: "y" }
state { name: "t" shape: "n" next: "read" initial_parameter: "start" }
node { name: "y" mul { a: "x" b: "w" } }
node { name: "read" add { a: "y" b: "t" } }
node { name: "dead" mul { a: "z" b: "v" } }
node { name: "deader" tanh { x: "dead" } }
node { name: "e" sum { x: "read" } }
node { name: "watched" dot { a: "x" b: "u" } }
loss { value: "e" }
metric { name: "m1" value: "watched" }
metric { name: "m2" mean_squared_error { prediction: "x" target: "fixed" } }
train { sgd {} data { npy { array { input: "x" path: "x.npy" } array { input: "z" path: "x.npy" } } } }
)");
  WriteNpy(*MakePosixFileSystem(), folder_.Path("x.npy"), Tensor(Shape{2, 3, 2}, std::vector<float>(12)));
  const auto warning = [](const std::string& place, const std::string& text) {
    return "unused.pbtxt:" + place + ": warning: " + text + "\n";
  };
  const std::string not_used = " is not used: no loss and no metric depends on it";
  const ToolResult result = Run({"compile", "unused.pbtxt"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.err,
            warning("2:13", "dim \"m\" is not used: no shape and no op names it") +
                warning("4:1", "input \"z\"" + not_used) + warning("6:1", "parameter \"v\"" + not_used) +
                warning("7:1",
                        "parameter \"u\" is trained, but no loss depends on it: it stays as it is; add "
                        "`trainable: false`, or look for a missing operand") +
                warning("10:1", "state \"s\"" + not_used) +
                warning("14:1", "node \"dead\" (Mul)" + not_used) +
                warning("15:1", "node \"deader\" (Tanh)" + not_used));
}

// Without a loss and a metric, what nothing reads is what `run` is asked for.
TEST_F(CliTest, CompileWarnsOfNoResultOfAModelThatOnlyRuns) {
  folder_.Write("runs.pbtxt",
                "input { name: \"x\" shape: \"2\" }\nparameter { name: \"w\" shape: \"2\" constant {} }\n"
                "node { name: \"y\" tanh { x: \"x\" } }\n");
  EXPECT_THAT(Run({"compile", "runs.pbtxt"}).err,
              HasSubstr("runs.pbtxt:2:1: warning: parameter \"w\" is not used: no node depends on it\n"));
}

TEST_F(CliTest, CompileSaysWhereATraceIsRecomputed) {
  const std::string model = std::string(PLGRAPH_SOURCE_DIR) + "/models/retroactive.pbtxt";
  const std::string report = Output({"compile", model, "--set", "train.data.patterns.gap_steps=46"});
  const std::string traces = report.substr(report.find("\ntraces;"));
  for (const std::string trace : {"hebb", "eligibility"}) {
    // 14 snapshots and 7 steps between two of them, of 4 samples.
    EXPECT_THAT(traces,
                ::testing::ContainsRegex("  " + trace +
                                         " .*a snapshot every 8 steps; the backward pass recomputes its "
                                         "updates, 840,000 bytes\n"));
  }
  const std::string longer = Output({"compile", model, "--set", "train.data.patterns.query_steps=3000"});
  EXPECT_THAT(longer,
              HasSubstr("a snapshot every 26 steps, one in 40 of which lasts; the backward pass recomputes"));
}

TEST_F(CliTest, CompileSaysWhereATraceIsKeptAtEveryStep) {
  const std::string model = std::string(PLGRAPH_SOURCE_DIR) + "/models/retroactive.pbtxt";
  const std::string report = Output({"compile", model});
  const std::string traces = report.substr(report.find("\ntraces;"));
  EXPECT_THAT(traces, ::testing::ContainsRegex("  hebb .*kept at every step for the backward pass"));
  EXPECT_THAT(traces, ::testing::ContainsRegex("  eligibility .*the backward pass inverts its updates"));
}

// The table of the report, and a plan of another row than the cheapest.
TEST_F(CliTest, CompileGivesATraceTheFormThatIsWanted) {
  const std::vector<std::string> command = {"compile", "small.pbtxt", "-o", "small.plan", "--trace-form"};
  const auto with = [&](const std::string& form) {
    std::vector<std::string> words = command;
    words.push_back("hebb=" + form);
    return words;
  };
  EXPECT_THAT(Output({"compile", "small.pbtxt"}),
              ::testing::ContainsRegex("inverted: +[0-9,]+ operations, .* <-\n"));
  for (const std::string form : {"kept", "inverted", "recomputed"}) {
    const std::string report = Output(with(form));
    EXPECT_THAT(report, ::testing::ContainsRegex(form + ": +[0-9,]+ operations, .* <- wanted\n"));
    EXPECT_EQ(Output({"compile", "small.plan"}), report);
    EXPECT_THAT(Output({"gradcheck", "small.plan"}), HasSubstr("passed"));
    Output({"train", "small.plan", "--run-dir", form});
    EXPECT_TRUE(folder_.Exists(form + "/last.ckpt"));
  }
  EXPECT_THAT(Fault(2, with("sum")),
              HasSubstr("--trace-form hebb=sum: its plasticity differs from element to "
                        "element; it can be kept or inverted or recomputed"));
  EXPECT_THAT(
      Fault(2, with("inverse")),
      HasSubstr("--trace-form hebb=inverse: expected NAME=FORM, and a FORM of kept, inverted, recomputed, "
                "sum (did you mean \"inverted\"?)"));
  EXPECT_THAT(
      Fault(2, {"compile", "small.pbtxt", "--trace-form", "hebbs=kept"}),
      HasSubstr("--trace-form hebbs=kept: no trace of this name (did you mean \"hebb\"?); traces: hebb"));
  EXPECT_THAT(Fault(2, {"compile", "small.pbtxt", "--trace-form", "hebb=kept", "--trace-form", "hebb=sum"}),
              HasSubstr("--trace-form hebb=sum: a second form for this trace"));
  EXPECT_THAT(Fault(2, {"compile", "small.plan", "--trace-form", "hebb=kept"}),
              HasSubstr("--trace-form hebb=kept: small.plan is a plan"));
}

TEST_F(CliTest, CompileWritesGraphsForPeopleAndPrograms) {
  EXPECT_THAT(Output({"compile", "small.pbtxt", "--emit", "dot"}), StartsWith("digraph"));
  EXPECT_THAT(Output({"compile", "small.pbtxt", "--emit", "ir"}), HasSubstr("y_next"));
  Output({"compile", "small.pbtxt", "--dump-ir", "passes/deep"});
  int dumps = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.Path("passes/deep"))) {
    EXPECT_THAT(entry.path().filename().string(),
                ::testing::MatchesRegex("([0-9][0-9]-[a-z]+|schedule|memory)\\.txt"));
    ++dumps;
  }
  EXPECT_GE(dumps, 4);
  EXPECT_THAT(folder_.Read("passes/deep/schedule.txt"), HasSubstr("step\n"));
  EXPECT_THAT(folder_.Read("passes/deep/schedule.txt"), HasSubstr("  y_next (Tanh)"));
  EXPECT_THAT(folder_.Read("passes/deep/memory.txt"), ::testing::ContainsRegex("hebb offset=[0-9]+ slots="));
}

TEST_F(CliTest, CompileTimesItsPasses) {
  const ToolResult result = Run({"compile", "small.pbtxt", "--timings"});
  EXPECT_EQ(result.exit_code, 0);
  for (const char* pass : {"expand", "autodiff", "simplify", "invert", "phases", "all"}) {
    EXPECT_THAT(result.err, ::testing::ContainsRegex(std::string("  ") + pass + " +[0-9.]+ ms"));
  }
}

TEST_F(CliTest, CompileLeavesAPassOut) {
  EXPECT_THAT(Output({"compile", "small.pbtxt"}), HasSubstr("the backward pass inverts its updates"));
  EXPECT_THAT(Output({"compile", "small.pbtxt", "--disable-pass", "invert"}),
              HasSubstr("kept at every step for the backward pass"));
  const ToolResult needed = Run({"compile", "small.pbtxt", "--disable-pass", "autodiff"});
  EXPECT_EQ(needed.exit_code, 2);
  EXPECT_THAT(needed.err, HasSubstr("pass \"autodiff\" is needed; the passes that can be disabled are "
                                    "pooling, sum, recompute, invert"));
  const ToolResult unknown = Run({"compile", "small.pbtxt", "--disable-pass", "fuse"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("pass \"fuse\" is not known"));
}

TEST_F(CliTest, CompileTakesAModelThatCannotBeTrained) {
  const std::string model = kSmallModel.substr(0, kSmallModel.find("train {"));
  folder_.Write("bare.pbtxt", model);
  const ToolResult result = Run({"compile", "bare.pbtxt"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("compiled for 1 step"));
}

TEST_F(CliTest, APlanDoesWhatItsModelDoes) {
  Output({"compile", "small.pbtxt", "--set", "train.batch=3", "-o", "small.plan"});
  Output({"train", "small.pbtxt", "--set", "train.batch=3", "--run-dir", "text"});
  Output({"train", "small.plan", "--run-dir", "plan"});
  EXPECT_EQ(folder_.Read("text/last.ckpt"), folder_.Read("plan/last.ckpt"));
  EXPECT_EQ(Output({"eval", "small.pbtxt", "--checkpoint", "text/last.ckpt", "--json"}),
            Output({"eval", "small.plan", "--checkpoint", "plan/last.ckpt", "--json"}));
  EXPECT_THAT(Output({"gradcheck", "small.plan"}), HasSubstr("passed"));
  Output({"train", "small.plan", "--run-dir", "other", "--set", "train.seed=2"});
  EXPECT_NE(folder_.Read("other/last.ckpt"), folder_.Read("plan/last.ckpt"));
  EXPECT_THAT(Fault(2, {"train", "small.plan", "--run-dir", "third", "--set", "n=13"}),
              HasSubstr("is a plan"));
}

// A trace that is a sum, with a plasticity of one number, and one that is made.
TEST_F(CliTest, APlanHasTheReportOfItsText) {
  for (const std::string model : {"tools/bench/scalar_alpha.pbtxt", "models/neuromodulated.pbtxt"}) {
    const std::string path = PLGRAPH_SOURCE_DIR "/" + model;
    const std::string report = Output({"compile", path, "--set", "n=400", "-o", "m.plan"});
    EXPECT_THAT(report, HasSubstr("operations, "));
    EXPECT_EQ(Output({"compile", "m.plan"}), report);
    EXPECT_EQ(Output({"compile", "m.plan", "--emit", "ir"}),
              Output({"compile", path, "--set", "n=400", "--emit", "ir"}));
    const std::vector<std::string> more = {"--set", "train.batch=3", "--set", "train.accumulate=2"};
    std::vector<std::string> of_text = {"compile", path, "--set", "n=400", "-o", "text.plan"};
    std::vector<std::string> of_plan = {"compile", "m.plan", "-o", "plan.plan"};
    of_text.insert(of_text.end(), more.begin(), more.end());
    of_plan.insert(of_plan.end(), more.begin(), more.end());
    EXPECT_EQ(Output(of_plan), Output(of_text));
    EXPECT_EQ(folder_.Read("plan.plan"), folder_.Read("text.plan"));
  }
}

TEST_F(CliTest, APlanRefusesByNameWhatItWasNotCompiledFor) {
  Output({"compile", "small.pbtxt", "-o", "small.plan"});
  const std::string set = "train.data.patterns.show_steps=4";
  const std::string refused =
      "small.plan: the plan was compiled for training on whole episodes of 13 steps, but ";
  const std::string longer = refused + "--set " + set + " asks for training on whole episodes of 15 steps; " +
                             "compile the model again from its text with --set " + set;
  for (const std::string command : {"compile", "gradcheck", "bench"})
    EXPECT_THAT(Fault(2, {command, "small.plan", "--set", set}), HasSubstr(longer)) << command;
  EXPECT_THAT(Fault(2, {"train", "small.plan", "--run-dir", "run", "--set", set}), HasSubstr(longer));
  EXPECT_FALSE(folder_.Exists("run"));
  EXPECT_THAT(Fault(2, {"gradcheck", "small.plan", "--set", "train.truncate_steps=1"}),
              HasSubstr(refused + "--set train.truncate_steps=1 asks for training on windows of 1 step; "));
  // What only runs forward is compiled from the model that the plan holds.
  Train();
  for (const std::string model : {"small.plan", "small.pbtxt"}) {
    const std::string result = Output({"eval", model, "--checkpoint", "run/last.ckpt", "--set", set});
    EXPECT_EQ(result, Output({"eval", "small.pbtxt", "--checkpoint", "run/last.ckpt", "--set", set}));
    EXPECT_NE(result, Output({"eval", "small.pbtxt", "--checkpoint", "run/last.ckpt"}));
  }
}

TEST_F(CliTest, APlanOfAModelWithoutAnOptimizerHasNoGradients) {
  const std::string adam = "adam { learning_rate: 3e-3 }";
  std::string text = kSmallModel;
  text.replace(text.find(adam), adam.size(), "");
  folder_.Write("bare.pbtxt", text);
  Output({"compile", "bare.pbtxt", "-o", "bare.plan"});
  const std::string refused = "bare.plan: the plan was compiled for running whole episodes of 13 steps, but ";
  EXPECT_THAT(Fault(2, {"gradcheck", "bare.plan"}),
              HasSubstr(refused + "this command asks for training on whole episodes of 13 steps; compile the "
                                  "model again from its text with an optimizer"));
  EXPECT_THAT(Fault(2, {"compile", "bare.plan", "--set", "train.sgd.momentum=0.5"}),
              HasSubstr(refused + "--set train.sgd.momentum=0.5 asks for training on whole episodes of 13 "
                                  "steps; compile the model again from its text with --set "
                                  "train.sgd.momentum=0.5"));
}

// Its data are where they are, and not where the plan is.
TEST_F(CliTest, APlanInAnotherFolderReadsTheDataOfItsText) {
  const auto files = MakePosixFileSystem();
  WriteNpy(*files, folder_.Path("cues.npy"), Tensor(Shape{2, 13, 12}, std::vector<float>(312, 0.5F)));
  std::string text = kSmallModel;
  const size_t data = text.find("data {");
  text.replace(
      data, text.find("}", data) + 3 - data,
      R"(data { npy { array { input: "cue" path: "cues.npy" } array { input: "target" path: "cues.npy" } } })");
  folder_.Write("npy.pbtxt", text);
  files->CreateFolders(folder_.Path("plans"));
  Output({"compile", "npy.pbtxt", "-o", "plans/npy.plan"});
  EXPECT_EQ(Output({"gradcheck", "plans/npy.plan"}), Output({"gradcheck", "npy.pbtxt"}));
}

TEST_F(CliTest, ADamagedPlanIsRefused) {
  Output({"compile", "small.pbtxt", "-o", "small.plan"});
  std::string plan = folder_.Read("small.plan");
  plan[plan.size() / 2] ^= 1;
  folder_.Write("small.plan", plan);
  EXPECT_THAT(Fault(1, {"train", "small.plan", "--run-dir", "run"}), HasSubstr("small.plan"));
}

// Within 10% plus 32 MB. Sanitizers take memory of their own.
TEST_F(CliTest, CompilePredictsThePeakMemoryOfTraining) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "with a sanitizer";
#endif
  for (const std::vector<std::string>& size : {std::vector<std::string>{"n=400", "train.batch=4"},
                                               {"n=700", "train.evaluation.every=2"},
                                               {"n=12", "train.batch=1"}}) {
    std::vector<std::string> arguments = {"small.pbtxt", "--set", "train.episodes=4"};
    for (const std::string& assignment : size) arguments.insert(arguments.end(), {"--set", assignment});
    std::vector<std::string> compile = arguments;
    compile.insert(compile.begin(), "compile");
    const std::string report = Output(compile);
    const double predicted = NumberBehind(report.substr(report.find("peak resident")), "total");
    std::vector<std::string> train = arguments;
    train.insert(train.begin(), "train");
    train.insert(train.end(), {"--run-dir", "run-" + size[0]});
    const ToolResult result = Run(train);
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_NEAR(static_cast<double>(result.peak_bytes), predicted, 0.1 * predicted + 32e6) << size[0];
  }
}

}  // namespace
}  // namespace plgraph
