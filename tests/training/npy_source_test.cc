#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>
#include <set>

#include "core/error.h"
#include "serialization/formats/npy.h"
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
    return MakeNpySource(npy_,
                         {.ports = ports_,
                          .seed = seed,
                          .use = use,
                          .folder = folder_.Path(""),
                          .memory = memory_,
                          .training = training_},
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
  const MemoryBudget* memory_ = nullptr;
  const Data* training_ = nullptr;
};

// Of which nothing can be taken.
class SmallMemory : public MemoryBudget {
 public:
  explicit SmallMemory(std::int64_t bytes) : bytes_(bytes) {}
  std::int64_t Available() const override { return bytes_; }
  void* Take(std::int64_t) override { return nullptr; }
  void Release(void*, std::int64_t) override {}

 private:
  std::int64_t bytes_;
};

// The numbers of the file are damaged: they are not read.
TEST_F(NpySourceTest, RefusesWhatHasNoRoomBeforeItIsRead) {
  Save("x.npy", Shape{100'000, 4, 2});
  Save("label.npy", Shape{100'000});
  const SmallMemory memory(1'000'000);
  memory_ = &memory;
  EXPECT_EQ(Fault(), folder_.Path("x.npy") + " needs 3.2 MB of memory but 1.0 MB are available");
}

TEST_F(NpySourceTest, TellsWhatTrainingSees) {
  Data training;
  *training.mutable_npy() = npy_;
  training_ = &training;
  const auto seen = [&] { return Make(DataUse::kEvaluation)->facts().seen; };
  const DataFacts facts = Make(DataUse::kEvaluation)->facts();
  EXPECT_EQ(facts.name, "npy x.npy, label.npy");
  EXPECT_EQ(facts.records, 6);
  EXPECT_EQ(facts.seen, 6);
  EXPECT_EQ(EvaluatedText(facts, 4),
            "4 distinct episodes of npy x.npy, label.npy, from 6 episodes; training sees all of them");
  EXPECT_EQ(EvaluatedText(facts, 6),
            "6 distinct episodes of npy x.npy, label.npy; training sees all of them");
  training.mutable_npy()->set_episodes(4);  // 0 to 3
  EXPECT_EQ(seen(), 4);
  npy_.set_first_episode(3);
  EXPECT_EQ(seen(), 1);
  EXPECT_EQ(EvaluatedText(Make(DataUse::kEvaluation)->facts(), 3),
            "3 distinct episodes of npy x.npy, label.npy; training sees 1 of the episodes");
  npy_.set_first_episode(4);
  EXPECT_EQ(seen(), 0);
  EXPECT_EQ(EvaluatedText(Make(DataUse::kEvaluation)->facts(), 1),
            "1 distinct episode of npy x.npy, label.npy, from 2 episodes; training sees none of them");
  npy_.set_first_episode(0);
  npy_.mutable_array(0)->set_path("./x.npy");
  EXPECT_EQ(seen(), 4);
  std::filesystem::create_symlink("x.npy", folder_.Path("link.npy"));
  npy_.mutable_array(0)->set_path("link.npy");
  EXPECT_EQ(seen(), 4);
  Save("other.npy", Shape{6, 4, 2});
  npy_.mutable_array(0)->set_path("other.npy");
  EXPECT_EQ(seen(), 0);
  training.mutable_patterns();
  EXPECT_EQ(seen(), 0);
  training_ = nullptr;
  EXPECT_EQ(seen(), std::nullopt);
}

TEST_F(NpySourceTest, FindsWhatIsNoNumberOfAClass) {
  ports_[1].limit = IndexLimit{"node \"error\" (CrossEntropy)", 6};
  EXPECT_EQ(Fault(), "");
  ports_[1].limit->count = 5;
  EXPECT_EQ(Fault(), folder_.Path("label.npy") +
                         ": is 5 for episode 5, but node \"error\" (CrossEntropy) has 5; expected whole "
                         "numbers from 0 to 4");
  npy_.set_episodes(5);  // the others are not used
  EXPECT_EQ(Fault(), "");
  WriteNpy(*files_, folder_.Path("label.npy"), Tensor(Shape{6}, std::vector<float>{0, 1, 0.5F, 1, 1, 1}));
  EXPECT_THAT(Fault(), HasSubstr("label.npy: is 0.5 for episode 2, but"));
  ports_[1].per_step = true;
  WriteNpy(*files_, folder_.Path("label.npy"), Tensor(Shape{6, 4}, std::vector<float>(24, -1)));
  EXPECT_THAT(Fault(), HasSubstr("label.npy: is -1 for episode 0, step 0, but"));
}

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
