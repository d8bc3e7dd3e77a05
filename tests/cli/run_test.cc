// run: its episodes are those of eval.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/file_system.h"
#include "serialization/formats/npy.h"
#include "tests/cli/cli_test.h"

namespace plgraph {
namespace {

using ::testing::HasSubstr;

class RunTest : public CliTest {
 protected:
  Tensor ReadArray(const std::string& name) { return ReadNpy(*files_, folder_.Path(name)); }
  void WriteArray(const std::string& name, const Shape& shape) {
    std::vector<float> numbers(static_cast<size_t>(shape.NumElements()));
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = 0.01F * static_cast<float>(i % 97);
    WriteNpy(*files_, folder_.Path(name), Tensor(shape, std::move(numbers)));
  }
  // A classifier whose inputs all have one value an episode, with the images of the tests.
  std::vector<std::string> Classifier(std::vector<std::string> arguments) const {
    const std::string tested = PLGRAPH_SOURCE_DIR "/tests/data/mnist-";
    arguments.insert(arguments.begin() + 1, PLGRAPH_SOURCE_DIR "/models/mnist_classify.pbtxt");
    for (const std::string data : {"train.data", "train.evaluation.data"}) {
      arguments.insert(arguments.end(),
                       {"--set", data + ".images.idx.images=" + tested + "images-idx3-ubyte.gz", "--set",
                        data + ".images.idx.labels=" + tested + "labels-idx1-ubyte.gz"});
    }
    return arguments;
  }

  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
};

// Two steps, so that the guess of the first comes back at the second, and the trace has been written.
TEST_F(RunTest, TakesTheStepsOfTheDataWhereAllInputsAreThoseOfAnEpisode) {
  Output(Classifier(
      {"train", "--run-dir", "run", "--set", "train.episodes=4", "--set", "train.evaluation.episodes=2"}));
  const std::vector<std::string> run = {"run",         "--checkpoint", "run/last.ckpt", "--output",
                                        "class=c.npy", "--output",     "hebb=h.npy"};
  std::vector<std::string> episodes = run;
  episodes.insert(episodes.end(), {"--episodes", "5", "--output", "image=i.npy"});
  EXPECT_THAT(Output(Classifier(episodes)), HasSubstr("class [5, 2, 10] -> c.npy"));
  const std::vector<float> classes = ReadArray("c.npy").As<float>();
  const std::vector<float> trace = ReadArray("h.npy").As<float>();
  ASSERT_EQ(trace.size(), 5U * 2 * 1280);
  EXPECT_TRUE(std::all_of(trace.begin(), trace.begin() + 1280, [](float h) { return h == 0; }));
  EXPECT_FALSE(std::all_of(trace.begin() + 1280, trace.begin() + 2560, [](float h) { return h == 0; }));

  // The same images as an array: only --steps can say how many steps there are.
  std::vector<std::string> given = run;
  given.insert(given.end(), {"--input", "image=i.npy"});
  EXPECT_THAT(Fault(2, Classifier(given)),
              HasSubstr("run: \"class\" changes from step to step, but no input that was given has a time "
                        "axis; add --steps T, the number of steps of an episode"));
  given.insert(given.end(), {"--steps", "2"});
  EXPECT_THAT(Output(Classifier(given)), HasSubstr("class [5, 2, 10] -> c.npy"));
  EXPECT_EQ(ReadArray("c.npy").As<float>(), classes);
  given.push_back("--last");
  EXPECT_THAT(Output(Classifier(given)), HasSubstr("class [5, 10] -> c.npy"));
  const std::vector<float> last = ReadArray("c.npy").As<float>();
  ASSERT_EQ(last.size(), 50U);
  for (size_t i = 0; i < last.size(); ++i) EXPECT_EQ(last[i], classes[i / 10 * 20 + 10 + i % 10]);
}

TEST_F(RunTest, RefusesStepsThatTheArraysDoNotHave) {
  Train();
  WriteArray("cue.npy", {2, 13, 12});
  const std::vector<std::string> run = {"run",           "small.pbtxt", "--checkpoint",
                                        "run/last.ckpt", "--output",    "y_next=y.npy"};
  const auto with = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = run;
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  EXPECT_THAT(
      Fault(2, with({"--input", "cue=cue.npy", "--steps", "12"})),
      HasSubstr("--steps 12: the arrays have 13 steps; leave --steps out, or give arrays of as many steps"));
  EXPECT_THAT(Fault(2, with({"--episodes", "2", "--steps", "13"})), HasSubstr("--episodes excludes --steps"));
  EXPECT_THAT(Fault(2, with({"--input", "cue=cue.npy", "--steps", "0"})), HasSubstr("--steps"));
  EXPECT_THAT(
      Fault(2, with({"--episodes", "2", "--last", "--grid", "g.png=hebb@3"})),
      HasSubstr("--grid hebb@3: with --last there is only the last step; leave out --last, or the step"));
  EXPECT_THAT(Output(with({"--input", "cue=cue.npy", "--steps", "13"})), HasSubstr("y_next [2, 13, 12]"));
}

// In batches, of windows, with a trace that goes on from episode to episode.
TEST_F(RunTest, GivesWhatEvalMeasures) {
  Train();
  const std::vector<std::string> settings[] = {
      {}, {"train.batch=3"}, {"train.truncate_steps=1"}, {"state.hebb.lifetime=KEPT", "train.batch=4"}};
  for (const std::vector<std::string>& setting : settings) {
    std::vector<std::string> eval = {"eval",       "small.pbtxt", "--checkpoint", "run/last.ckpt",
                                     "--episodes", "7",           "--json"};
    std::vector<std::string> run = {"run",        "small.pbtxt", "--checkpoint", "run/last.ckpt",
                                    "--episodes", "7",           "--output",     "error=e.npy"};
    for (const std::string& set : setting) {
      eval.insert(eval.end(), {"--set", set});
      run.insert(run.end(), {"--set", set});
    }
    const double loss = nlohmann::json::parse(Output(eval))["loss"].get<double>();
    Output(run);
    const std::vector<float> error = ReadArray("e.npy").As<float>();
    ASSERT_EQ(error.size(), 7U * 13);
    double mean = 0;
    for (size_t episode = 0; episode < 7; ++episode) mean += error[episode * 13 + 12] / 7.0;
    EXPECT_NEAR(mean, loss, 1e-6 * loss) << ::testing::PrintToString(setting);
  }
}

}  // namespace
}  // namespace plgraph
