#include "tools/training/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/error.h"
#include "serialization/formats/npy.h"
#include "tests/support/temp_folder.h"
#include "tests/training/small_model.h"
#include "tools/training/first_batch.h"
#include "tools/training/parameters.h"

namespace plgraph {
namespace {

using ::testing::HasSubstr;
using Overrides = std::vector<std::string>;

class TrainerTest : public ::testing::Test {
 protected:
  TrainerTest() { folder_.Write("small.pbtxt", kSmallModel); }

  LoadedModel Load(const Overrides& overrides) {
    return LoadModel(*files_, folder_.Path("small.pbtxt"), overrides);
  }
  Services WithThreads(ThreadPool& pool) { return {*files_, clock_, memory_, pool}; }

  void Train(const std::string& run, const Overrides& overrides = {}, bool resume = false, int threads = 1,
             const std::string& init = "") {
    const LoadedModel loaded = Load(overrides);
    ThreadPool pool(threads);
    Progress progress(nullptr, false, clock_);
    Trainer(loaded, WithThreads(pool), progress).Run({folder_.Path(run), resume, init});
  }
  std::string FaultOf(const std::string& run, const Overrides& overrides, bool resume = false) {
    try {
      Train(run, overrides, resume);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  std::string Last(const std::string& run) { return folder_.Read(run + "/last.ckpt"); }
  Checkpoint ReadLast(const std::string& run) {
    return ReadCheckpoint(*files_, folder_.Path(run + "/last.ckpt"));
  }
  std::vector<nlohmann::json> Metrics(const std::string& run) {
    std::vector<nlohmann::json> lines;
    std::istringstream text(folder_.Read(run + "/metrics.jsonl"));
    for (std::string line; std::getline(text, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }

  TempFolder folder_;
  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
  SystemClock clock_;
  SystemMemory memory_;
};

double LargestDifference(const NamedTensors& a, const NamedTensors& b) {
  double largest = 0;
  for (const NamedTensor& entry : a) {
    const std::vector<double> x = entry.tensor.As<double>();
    const std::vector<double> y = FindTensor(b, entry.name)->As<double>();
    for (size_t i = 0; i < x.size(); ++i) largest = std::max(largest, std::abs(x[i] - y[i]));
  }
  return largest;
}

TEST_F(TrainerTest, WritesMetricsAndCheckpoints) {
  Train("run", {"train.checkpoints.every=30"});
  const std::vector<nlohmann::json> lines = Metrics("run");
  ASSERT_EQ(lines.size(), 30U);
  for (size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(lines[i]["episode"], 2 * (i + 1));
    EXPECT_TRUE(lines[i]["loss"].is_number());
    EXPECT_TRUE(lines[i]["error_rate"].is_number());
    EXPECT_TRUE(lines[i]["seconds"].is_number());
  }
  for (const std::string name : {"last", "best", "episode-30", "episode-60"}) {
    EXPECT_TRUE(folder_.Exists("run/" + name + ".ckpt")) << name;
  }
  const Checkpoint last = ReadLast("run");
  EXPECT_EQ(last.episode, 60);
  EXPECT_EQ(last.update, 30);
  EXPECT_EQ(last.optimizer, "adam");
  EXPECT_EQ(last.parameters.size(), 4U);
  EXPECT_EQ(last.moments.size(), 6U);
}

TEST_F(TrainerTest, ReachesALowerLoss) {
  Train("run", {"train.episodes=2000", "train.report_every=500"});
  const std::vector<nlohmann::json> lines = Metrics("run");
  EXPECT_LT(lines.back()["loss"], 0.5 * lines.front()["loss"].get<double>());
}

TEST_F(TrainerTest, LeavesWhatIsNotTrainable) {
  Train("run");
  Train("none", {"train.episodes=0"});
  const Checkpoint before = ReadLast("none");
  const Checkpoint after = ReadLast("run");
  EXPECT_EQ(FindTensor(before.parameters, "fixed")->As<float>(),
            FindTensor(after.parameters, "fixed")->As<float>());
  EXPECT_NE(FindTensor(before.parameters, "w")->As<float>(), FindTensor(after.parameters, "w")->As<float>());
}

TEST_F(TrainerTest, GivesTheSameFileWithAnyNumberOfThreads) {
  const Overrides large = {"n=70", "train.batch=3", "train.episodes=12", "train.clip_norm=0.1"};
  Train("one", large, false, 1);
  Train("two", large, false, 2);
  Train("three", large, false, 3);
  EXPECT_EQ(Last("one"), Last("two"));
  EXPECT_EQ(Last("one"), Last("three"));
}

TEST_F(TrainerTest, RoundsEpisodesUpToWholeUpdates) {
  Train("run", {"train.batch=8", "train.accumulate=2", "train.episodes=50"});
  EXPECT_EQ(ReadLast("run").episode, 64);
  EXPECT_EQ(ReadLast("run").update, 4);
}

// The first update of a batch of 8, of 2 x 4 and of 4 x 2 is the same but for rounding.
TEST_F(TrainerTest, AccumulatesToTheGradientOfALargerBatch) {
  const auto run = [&](const std::string& name, int batch, int accumulate) {
    Train(name, {"train.batch=" + std::to_string(batch), "train.accumulate=" + std::to_string(accumulate),
                 "train.episodes=24", "train.sgd.learning_rate=0.05"});
    return ReadLast(name).parameters;
  };
  const NamedTensors whole = run("whole", 8, 1);
  EXPECT_LT(LargestDifference(whole, run("halves", 4, 2)), 1e-6);
  EXPECT_LT(LargestDifference(whole, run("quarters", 2, 4)), 1e-6);
  EXPECT_GT(LargestDifference(whole, run("other", 4, 1)), 1e-4);
}

// The gradient of a batch is the mean of the gradients of its episodes run one by one.
TEST_F(TrainerTest, MeansTheGradientsOfABatch) {
  ThreadPool pool(1);
  const LoadedModel batch = Load({"train.batch=8"});
  FirstBatch<double> together(batch, WithThreads(pool));
  together.Loss();
  const NamedTensors mean = together.Gradients();
  Train("none", {"train.episodes=0"});
  Train("run", {"train.batch=1", "train.accumulate=8", "train.episodes=8", "train.sgd.learning_rate=1"});
  const NamedTensors before = ReadLast("none").parameters;
  const NamedTensors after = ReadLast("run").parameters;
  for (const NamedTensor& gradient : mean) {
    const std::vector<double> g = gradient.tensor.As<double>();
    const std::vector<double> p = FindTensor(before, gradient.name)->As<double>();
    const std::vector<double> q = FindTensor(after, gradient.name)->As<double>();
    for (size_t i = 0; i < g.size(); ++i) EXPECT_NEAR(p[i] - q[i], g[i], 2e-6) << gradient.name;
  }
}

TEST_F(TrainerTest, ClipsByNorm) {
  // Plain descent with rate 1: what a parameter moves by is its gradient, and all together the clipped norm.
  Train("none", {"train.episodes=0"});
  Train("run", {"train.episodes=2", "train.sgd.learning_rate=1", "train.clip_norm=0.01"});
  double squares = 0;
  const NamedTensors before = ReadLast("none").parameters;
  for (const NamedTensor& entry : ReadLast("run").parameters) {
    const std::vector<double> p = FindTensor(before, entry.name)->As<double>();
    const std::vector<double> q = entry.tensor.As<double>();
    for (size_t i = 0; i < p.size(); ++i) squares += (p[i] - q[i]) * (p[i] - q[i]);
  }
  EXPECT_NEAR(std::sqrt(squares), 0.01, 1e-6);
}

TEST_F(TrainerTest, EvaluatesOnEpisodesItDoesNotTrainOn) {
  const Overrides overrides = {"train.evaluation.every=20", "train.evaluation.episodes=5"};
  Train("run", overrides);
  std::vector<int> evaluated;
  for (const nlohmann::json& line : Metrics("run")) {
    if (line.contains("evaluation_loss")) evaluated.push_back(line["episode"]);
    EXPECT_EQ(line.contains("evaluation_loss"), line.contains("evaluation_error_rate"));
  }
  EXPECT_THAT(evaluated, ::testing::ElementsAre(20, 40, 60));
  // The same as measuring the checkpoint afterwards.
  const LoadedModel loaded = Load(overrides);
  ThreadPool pool(1);
  Evaluator evaluator(loaded, WithThreads(pool), 5);
  SetParameters(ReadLast("run").parameters, "last", evaluator.executor());
  EXPECT_EQ(evaluator.Evaluate().loss, Metrics("run").back()["evaluation_loss"]);
}

TEST_F(TrainerTest, KeepsTheBestOfTheEvaluations) {
  Train("run", {"train.episodes=400", "train.evaluation.every=40", "train.adam.learning_rate=0.05"});
  double best = 1e9;
  std::int64_t episode = 0;
  for (const nlohmann::json& line : Metrics("run")) {
    if (!line.contains("evaluation_loss") || line["evaluation_loss"] >= best) continue;
    best = line["evaluation_loss"];
    episode = line["episode"];
  }
  const Checkpoint checkpoint = ReadCheckpoint(*files_, folder_.Path("run/best.ckpt"));
  EXPECT_EQ(checkpoint.episode, episode);
  EXPECT_EQ(checkpoint.best_metric, best);
}

TEST_F(TrainerTest, StartsFromGivenParameters) {
  Train("first");
  Train("second", {"train.episodes=0"}, false, 1, folder_.Path("first/last.ckpt"));
  EXPECT_EQ(LargestDifference(ReadLast("first").parameters, ReadLast("second").parameters), 0);
  const std::vector<float> w(144, 0.25F);
  NamedTensors given = ReadLast("first").parameters;
  given[0].tensor = Tensor(Shape{12, 12}, w);
  WriteNpz(*files_, folder_.Path("w.npz"), given);
  Train("third", {"train.episodes=0"}, false, 1, folder_.Path("w.npz"));
  EXPECT_EQ(FindTensor(ReadLast("third").parameters, "w")->As<float>(), w);
}

TEST_F(TrainerTest, StopsAtALossThatIsNotFinite) {
  const std::string fault = FaultOf("run", {"train.sgd.learning_rate=1e30", "train.episodes=200"});
  EXPECT_THAT(fault, HasSubstr("is not finite"));
  EXPECT_THAT(fault, HasSubstr("episode"));
}

TEST_F(TrainerTest, SaysWhatIsMissing) {
  folder_.Write("small.pbtxt", kSmallModel.substr(0, kSmallModel.find("train {")) + "train { episodes: 3 }");
  const std::string fault = FaultOf("run", {});
  EXPECT_THAT(fault, HasSubstr("`data { ... }`"));
  EXPECT_THAT(fault, HasSubstr("an optimizer"));
}

TEST_F(TrainerTest, RefusesAMetricNamedLikeAField) {
  std::string text = kSmallModel;
  text.replace(text.find("\"error_rate\""), 12, "\"seconds\"");
  folder_.Write("small.pbtxt", text);
  EXPECT_THAT(FaultOf("run", {}), HasSubstr("metric \"seconds\""));
}

}  // namespace
}  // namespace plgraph
