// For every model that comes with plgraph: what `run --episodes` writes gives the losses and metrics of `eval`.
#include <gtest/gtest.h>

#include "core/clock.h"
#include "tests/models/small_models.h"
#include "tests/support/run_measures.h"
#include "tools/training/evaluator.h"
#include "tools/training/model_run.h"
#include "tools/training/parameters.h"

namespace plgraph {
namespace {

constexpr std::int64_t kEpisodes = 5;

class RunOfModel : public ::testing::TestWithParam<std::string> {
 protected:
  LoadedModel Load(int batch) {
    std::vector<std::string> overrides = SmallOverrides(*files_, GetParam(), Size::kSmall);
    std::erase_if(overrides, [](const std::string& o) { return o.ends_with("lifetime=EPISODE"); });
    overrides.push_back("train.batch=" + std::to_string(batch));
    LoadedModel loaded = LoadModel(*files_, GetParam(), overrides);
    // The images of evaluations do not come with the tests.
    loaded.model.mutable_train()->mutable_evaluation()->clear_data();
    return loaded;
  }
  Services services() { return {*files_, clock_, memory_, threads_}; }

  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
  SystemClock clock_;
  SystemMemory memory_;
  ThreadPool threads_{2};
};

TEST_P(RunOfModel, GivesTheMeasuresOfEval) {
  for (const int batch : {1, 2}) {  // 2 does not divide the episodes
    const LoadedModel loaded = Load(batch);
    Evaluator evaluator(loaded, services(), kEpisodes);
    InitializeParameters(loaded, *files_, evaluator.executor());
    const Measures expected = evaluator.Evaluate();

    const RunMeasures measures(loaded.model);
    ModelRun run(loaded, OpenData(loaded, DataUse::kEvaluation, *files_), kEpisodes, measures.Values(),
                 services());
    CopyParameters(evaluator.executor(), run.executor());
    const Measures found = measures.Of(run.Run());

    // One count of a SignError or an Accuracy is far more than that.
    const auto expect_near = [&](double a, double b, const std::string& name) {
      EXPECT_NEAR(a, b, 1e-6 * std::max(1.0, std::abs(b))) << name << ", batch " << batch;
    };
    expect_near(found.loss, expected.loss, "loss");
    ASSERT_EQ(found.metrics.size(), expected.metrics.size());
    for (size_t i = 0; i < found.metrics.size(); ++i) {
      EXPECT_EQ(found.metrics[i].first, expected.metrics[i].first);
      expect_near(found.metrics[i].second, expected.metrics[i].second, expected.metrics[i].first);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, RunOfModel, ::testing::ValuesIn(ModelFiles()), [](const auto& model) {
  return std::filesystem::path(model.param).stem().string();
});

}  // namespace
}  // namespace plgraph
