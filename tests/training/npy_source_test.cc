#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "core/error.h"
#include "serialization/npy.h"
#include "tests/support/temp_folder.h"
#include "tools/training/data_source.h"

namespace plgraph {
namespace {

using ::testing::HasSubstr;

class NpySourceTest : public ::testing::Test {
 protected:
  NpySourceTest() {
    Save("x.npy", Shape{6, 4, 2});
    Save("label.npy", Shape{6});
    Add("x", "x.npy");
    Add("label", "label.npy");
  }

  // The number of an element is its place in the file.
  void Save(const std::string& name, const Shape& shape) {
    std::vector<float> values(static_cast<size_t>(shape.NumElements()));
    std::iota(values.begin(), values.end(), 0.0F);
    WriteNpy(*files_, folder_.Path(name), Tensor(shape, std::move(values)));
  }
  void Add(const std::string& input, const std::string& path) {
    Npy::Array* array = npy_.add_array();
    array->set_input(input);
    array->set_path(path);
  }
  std::unique_ptr<DataSource> Make(DataUse use = DataUse::kTraining, std::uint64_t seed = 1) {
    return MakeNpySource(npy_, {.ports = ports_, .seed = seed, .use = use, .folder = folder_.Path("")},
                         *files_);
  }
  std::string Fault() {
    try {
      Make();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  // The label of an episode is its place in the file.
  static std::vector<float> Labels(DataSource& source, std::uint64_t first, std::int64_t count) {
    std::vector<float> labels(static_cast<size_t>(count));
    source.Fill(1, {.first_episode = first, .batch = count, .steps = 4}, std::span(labels));
    return labels;
  }

  TempFolder folder_;
  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
  Npy npy_;
  std::vector<InputPort> ports_ = {{"x", Shape{2}, true}, {"label", Shape{}, false}};
};

TEST_F(NpySourceTest, PutsStepsBeforeSamples) {
  npy_.set_shuffle(false);
  const auto source = Make();
  EXPECT_EQ(source->steps(), 4);
  EXPECT_EQ(source->episodes(), 6);
  std::vector<double> x(2 * 3 * 2);  // two steps from step 1 on, episodes 2 to 4
  source->Fill(0, {.first_episode = 2, .batch = 3, .first_step = 1, .steps = 2}, std::span(x));
  const std::vector<double> expected = {18, 19, 26, 27, 34, 35, 20, 21, 28, 29, 36, 37};
  EXPECT_EQ(x, expected);
  EXPECT_THAT(Labels(*source, 2, 3), ::testing::ElementsAre(2, 3, 4));
}

TEST_F(NpySourceTest, TakesEveryEpisodeOncePerPassInANewOrder) {
  const auto source = Make();
  std::set<std::vector<float>> orders;
  for (std::uint64_t pass = 0; pass < 5; ++pass) {
    const std::vector<float> order = Labels(*source, 6 * pass, 6);
    EXPECT_THAT(order, ::testing::UnorderedElementsAre(0, 1, 2, 3, 4, 5));
    orders.insert(order);
  }
  EXPECT_GT(orders.size(), 3U);
  // Any episode, in any order of asking, over the border of a pass.
  const auto other = Make();
  const std::vector<float> across = Labels(*other, 4, 4);
  EXPECT_EQ(across[0], Labels(*source, 0, 6)[4]);
  EXPECT_EQ(across[3], Labels(*source, 6, 6)[1]);
}

TEST_F(NpySourceTest, KeepsTheOrderOfTheFileForEvaluation) {
  EXPECT_THAT(Labels(*Make(DataUse::kEvaluation), 0, 6), ::testing::ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST_F(NpySourceTest, UsesAPartOfTheEpisodes) {
  npy_.set_first_episode(2);
  npy_.set_episodes(3);
  EXPECT_THAT(Labels(*Make(), 0, 3), ::testing::UnorderedElementsAre(2, 3, 4));
  npy_.set_episodes(5);
  EXPECT_THAT(Fault(), HasSubstr("episodes 2 to 7 were asked for, but the arrays hold 6"));
}

TEST_F(NpySourceTest, RefusesArraysThatDoNotFit) {
  ports_[0].shape = Shape{3};
  EXPECT_THAT(
      Fault(),
      HasSubstr("x.npy: has shape [6, 4, 2], but input \"x\" of shape [3] needs [episodes, T, shape]"));
  ports_[0].shape = Shape{2};
  Save("label.npy", Shape{5});
  EXPECT_THAT(Fault(), HasSubstr("label.npy: has 5 episodes, but the arrays before it have 6"));
  npy_.mutable_array(1)->set_input("lable");
  EXPECT_THAT(Fault(), HasSubstr("no input \"lable\" (did you mean \"label\"?)"));
  npy_.mutable_array()->RemoveLast();
  EXPECT_THAT(Fault(), HasSubstr("no array for input \"label\""));
  npy_.mutable_array(0)->set_path("nowhere.npy");
  EXPECT_THAT(Fault(), HasSubstr("nowhere.npy"));
}

}  // namespace
}  // namespace plgraph
