// What the inputs of a model read from a set of images.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "core/error.h"
#include "serialization/formats/npy.h"
#include "tests/support/temp_folder.h"
#include "tools/training/data_source.h"

namespace plgraph {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kCount = 12;
constexpr std::int64_t kClasses = 4;

using Row = std::vector<float>;

// Images of 2 x 2 pixels: image i has (i + 1) / 100 in its first pixel and half of it in the last, and class i mod 4.
class ImagesSourceTest : public ::testing::Test {
 protected:
  ImagesSourceTest() { Save(true); }

  void Save(bool labels) {
    std::vector<float> x;
    std::vector<float> y;
    for (std::int64_t i = 0; i < kCount; ++i) {
      const float value = static_cast<float>(i + 1) / 100;
      x.insert(x.end(), {value, 0.25F, 0.75F, value / 2});
      y.push_back(static_cast<float>(i % kClasses));
    }
    NamedTensors tensors = {{"x", Tensor(Shape{kCount, 2, 2}, x)}};
    if (labels) tensors.push_back({"y", Tensor(Shape{kCount}, y)});
    WriteNpz(*files_, folder_.Path("x.npz"), tensors);
  }

  std::unique_ptr<DataSource> Make(const std::string& text, DataUse use = DataUse::kTraining,
                                   std::uint64_t seed = 1) {
    Images images;
    EXPECT_TRUE(
        google::protobuf::TextFormat::ParseFromString("npz { path: 'x.npz' white: 1 } " + text, &images))
        << text;
    return MakeImagesSource(
        images,
        {.ports = ports_, .seed = seed, .use = use, .folder = folder_.Path(""), .training = training_},
        *files_);
  }

  std::string Fault(const std::string& text, std::vector<InputPort> ports) {
    ports_ = std::move(ports);
    try {
      Make(text);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInvalid);
      return error.what();
    }
    return "";
  }

  // What one input reads of an episode, by steps.
  std::vector<Row> Episode(DataSource& source, size_t port, std::uint64_t number) {
    const size_t rows = ports_[port].per_step ? static_cast<size_t>(source.steps()) : 1;
    const size_t size = static_cast<size_t>(ports_[port].shape.NumElements());
    std::vector<float> all(rows * size);
    source.Fill(port, {.first_episode = number, .batch = 1, .steps = source.steps()}, std::span(all));
    std::vector<Row> result;
    for (size_t row = 0; row < rows; ++row) {
      result.emplace_back(all.begin() + static_cast<std::ptrdiff_t>(row * size),
                          all.begin() + static_cast<std::ptrdiff_t>((row + 1) * size));
    }
    return result;
  }
  // Of which image a row is; -1: of none.
  static std::int64_t ImageOf(const Row& row) {
    return *std::max_element(row.begin(), row.end()) == 0 ? -1 : std::lround(row[0] * 100) - 1;
  }
  std::vector<std::int64_t> ImagesOf(DataSource& source, std::uint64_t first, std::uint64_t count) {
    std::vector<std::int64_t> images;
    for (std::uint64_t i = first; i < first + count; ++i)
      images.push_back(ImageOf(Episode(source, 0, i).back()));
    return images;
  }

  TempFolder folder_;
  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
  const Data* training_ = nullptr;
  std::vector<InputPort> ports_ = {{"image", Shape{1, 2, 2}, true}, {"target", Shape{2, 2}, true},
                                   {"label", Shape{}, true},        {"shown_label", Shape{kClasses}, true},
                                   {"weight", Shape{}, true},       {"mask", Shape{4}, true}};
};

// How many episodes differ, and what of their images training sees.
TEST_F(ImagesSourceTest, TellsWhatTrainingSees) {
  Data training;
  const auto facts = [&](const std::string& text, const std::string& of_training) {
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString("images { " + of_training + " }", &training));
    training_ = &training;
    return Make(text, DataUse::kEvaluation)->facts();
  };
  const std::string same = "npz { path: './x.npz' white: 1 } ";
  const DataFacts all = facts("", same + "");
  EXPECT_EQ(all.name, "images x.npz");
  EXPECT_EQ(all.seen, kCount);
  EXPECT_EQ(EvaluatedText(all, 5),
            "5 distinct episodes of images x.npz, from 12 images; training sees all of them");
  EXPECT_EQ(facts("held_out: 0.25", same + "held_out: 0.25").seen, 0);
  EXPECT_EQ(facts("", same + "held_out: 0.25").seen, 9);
  EXPECT_EQ(facts("first: 8", same + "count: 10").seen, 2);
  EXPECT_EQ(facts("first: 8", same + "count: 8").seen, 0);
  EXPECT_EQ(facts("", "idx { images: 'x.npz' }").seen, 0);
}

TEST_F(ImagesSourceTest, KnowsHowManyEpisodesDiffer) {
  const auto episodes = [&](const std::string& text) { return Make(text, DataUse::kEvaluation)->episodes(); };
  EXPECT_EQ(episodes("damage { gaussian {} }"), kCount);
  EXPECT_EQ(episodes("episode { samples: 1 query: NONE show_weight: 1 }"), kCount);
  EXPECT_EQ(episodes("episode { samples: 1 presentations: 3 }"), kCount);
  EXPECT_EQ(episodes("episode { samples: 1 } damage { zero_half { side: TOP } } damage { limit {} }"),
            kCount);
  EXPECT_EQ(episodes("episode { samples: 1 } damage { zero_half { side: RANDOM } }"), std::nullopt);
  EXPECT_EQ(episodes("episode { samples: 1 } damage { zeros {} }"), std::nullopt);
  EXPECT_EQ(episodes("episode { samples: 1 } transform { quarter_turns {} }"), std::nullopt);
  EXPECT_EQ(episodes("episode { samples: 1 query: SAME_CLASS }"), std::nullopt);
  EXPECT_EQ(episodes("episode { samples: 2 query: NONE show_weight: 1 }"), std::nullopt);
}

TEST_F(ImagesSourceTest, FindsALabelThatIsNoClass) {
  std::vector<InputPort> ports = {
      {"image", Shape{2, 2}, true},
      {"label", Shape{}, true, IndexLimit{"node \"error\" (CrossEntropy)", kClasses}}};
  EXPECT_EQ(Fault("", ports), "");
  ports[1].limit->count = 2;
  EXPECT_EQ(Fault("", ports),
            "images: input \"label\": image 2 of x.npz has label 2, but node \"error\" (CrossEntropy) has 2 "
            "classes; "
            "expected labels from 0 to 1");
  EXPECT_EQ(Fault("count: 2", ports), "");  // the others are not used
  EXPECT_EQ(
      Fault("episode { samples: 3 distinct_classes: true labels: OF_EPISODE }", ports),
      "images: input \"label\" has labels up to 2, but node \"error\" (CrossEntropy) has 2 classes; expected "
      "labels from 0 to 1");
  EXPECT_EQ(Fault("episode { samples: 2 distinct_classes: true labels: OF_EPISODE }", ports), "");
}

constexpr size_t kImage = 0;
constexpr size_t kTarget = 1;
constexpr size_t kLabel = 2;
constexpr size_t kShownLabel = 3;
constexpr size_t kWeight = 4;
constexpr size_t kMask = 5;

TEST_F(ImagesSourceTest, IsOneImagePerSampleWithoutEpisodes) {
  const auto source = Make("shuffle: false");
  EXPECT_EQ(source->steps(), 1);
  EXPECT_EQ(source->episodes(), kCount);
  for (std::uint64_t number : {0, 5, 17}) {
    const std::int64_t image = static_cast<std::int64_t>(number) % kCount;
    const Row expected = {static_cast<float>(image + 1) / 100, 0.25F, 0.75F,
                          static_cast<float>(image + 1) / 200};
    EXPECT_THAT(Episode(*source, kImage, number), ElementsAre(expected));
    EXPECT_THAT(Episode(*source, kTarget, number), ElementsAre(expected));
    EXPECT_THAT(Episode(*source, kLabel, number), ElementsAre(Row{static_cast<float>(image % kClasses)}));
    EXPECT_THAT(Episode(*source, kShownLabel, number), ElementsAre(Row{0, 0, 0, 0}));
    EXPECT_THAT(Episode(*source, kWeight, number), ElementsAre(Row{1}));
    EXPECT_THAT(Episode(*source, kMask, number), ElementsAre(Row{1, 1, 1, 1}));
  }
}

TEST_F(ImagesSourceTest, DamagesWhatIsSeenAndKeepsTheTarget) {
  const auto source = Make("damage { zero_half { side: TOP } } damage { gaussian { stddev: 0.1 } }");
  const Row image = Episode(*source, kImage, 3)[0];
  const Row target = Episode(*source, kTarget, 3)[0];
  for (size_t i = 0; i < 4; ++i) EXPECT_NE(image[i], target[i]);
  EXPECT_EQ(target[1], 0.25F);
  EXPECT_THAT(Episode(*source, kMask, 3), ElementsAre(Row{0, 0, 1, 1}));
}

TEST_F(ImagesSourceTest, TakesEveryImageOnceAPassInANewOrder) {
  const auto source = Make("");
  std::set<std::vector<std::int64_t>> orders;
  for (std::uint64_t pass = 0; pass < 5; ++pass) {
    std::vector<std::int64_t> order = ImagesOf(*source, pass * kCount, kCount);
    orders.insert(order);
    std::sort(order.begin(), order.end());
    std::vector<std::int64_t> all(kCount);
    std::iota(all.begin(), all.end(), 0);
    EXPECT_EQ(order, all);
  }
  EXPECT_EQ(orders.size(), 5U);
  EXPECT_NE(ImagesOf(*Make("", DataUse::kTraining, 2), 0, kCount), ImagesOf(*source, 0, kCount));
  EXPECT_THAT(ImagesOf(*Make("", DataUse::kEvaluation), 0, 4), ElementsAre(0, 1, 2, 3));
}

TEST_F(ImagesSourceTest, UsesAPartOfTheImages) {
  EXPECT_THAT(ImagesOf(*Make("first: 3 count: 2 shuffle: false"), 0, 3), ElementsAre(3, 4, 3));
  EXPECT_THAT(Fault("first: 3 count: 10", ports_),
              HasSubstr("images 3 to 13 were asked for, but the files hold 12"));
  EXPECT_THAT(Fault("first: 12", ports_), HasSubstr("images 12 to 13 were asked for, but the files hold 12"));
}

TEST_F(ImagesSourceTest, HoldsOutAPartBySeed) {
  std::set<std::set<std::int64_t>> splits;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    const auto training = Make("held_out: 0.25", DataUse::kTraining, seed);
    const auto evaluation = Make("held_out: 0.25", DataUse::kEvaluation, seed);
    EXPECT_EQ(training->episodes(), 9);
    EXPECT_EQ(evaluation->episodes(), 3);
    const auto train = ImagesOf(*training, 0, 18);
    const auto held_out = ImagesOf(*evaluation, 0, 3);
    std::set<std::int64_t> all(train.begin(), train.end());
    EXPECT_EQ(all.size(), 9U);
    all.insert(held_out.begin(), held_out.end());
    EXPECT_EQ(all.size(), 12U);
    EXPECT_TRUE(std::is_sorted(held_out.begin(), held_out.end()));
    splits.emplace(held_out.begin(), held_out.end());
  }
  EXPECT_GT(splits.size(), 2U);
  EXPECT_THAT(Fault("held_out: 0.01", ports_), HasSubstr("holds out 0 of 12 images"));
}

constexpr const char* kEpisode =
    "episode { samples: 3 presentations: 2 show_steps: 2 gap_steps: 1 query_steps: 4 show_weight: 0.5 } "
    "damage { zeros { part: 0.5 } } ";

TEST_F(ImagesSourceTest, ShowsImagesThenOneOfThemDamaged) {
  const auto source = Make(kEpisode);
  ASSERT_EQ(source->steps(), 2 * 3 * 3 + 4);
  EXPECT_EQ(source->episodes(), std::nullopt);
  std::set<bool> same_order;
  std::map<std::int64_t, int> asked;
  for (std::uint64_t number = 0; number < 2 * kCount; ++number) {
    const auto image = Episode(*source, kImage, number);
    const auto target = Episode(*source, kTarget, number);
    const auto label = Episode(*source, kLabel, number);
    const auto shown = Episode(*source, kShownLabel, number);
    const auto weight = Episode(*source, kWeight, number);
    const auto mask = Episode(*source, kMask, number);
    std::vector<std::int64_t> shows;
    float weights = 0;
    for (size_t step = 0; step < 18; ++step) {
      const std::int64_t of = ImageOf(image[step]);
      EXPECT_EQ(image[step], target[step]);
      EXPECT_EQ(of < 0, step % 3 == 2);
      EXPECT_EQ(mask[step], Row(4, of < 0 ? 0 : 1));
      EXPECT_EQ(label[step][0], of < 0 ? 0 : of % kClasses);
      Row one_hot(kClasses, 0);
      if (of >= 0) one_hot[static_cast<size_t>(of % kClasses)] = 1;
      EXPECT_EQ(shown[step], one_hot);
      if (step % 3 == 0) shows.push_back(of);
      if (step % 3 == 1) {
        EXPECT_EQ(image[step], image[step - 1]);
      }
      weights += weight[step][0];
    }
    EXPECT_FLOAT_EQ(weights, 0.5);
    same_order.insert(std::equal(shows.begin(), shows.begin() + 3, shows.begin() + 3));
    EXPECT_EQ(std::set(shows.begin(), shows.begin() + 3).size(), 3U);
    EXPECT_EQ(std::set(shows.begin(), shows.end()).size(), 3U);
    const std::int64_t query = ImageOf(target[18]);
    EXPECT_THAT(shows, ::testing::Contains(query));
    ++asked[query];
    for (size_t step = 18; step < 22; ++step) {
      EXPECT_EQ(target[step], target[18]);
      EXPECT_EQ(image[step], image[18]);
      EXPECT_EQ(label[step][0], query % kClasses);
      EXPECT_EQ(shown[step], Row(kClasses, 0));
      EXPECT_EQ(weight[step][0], 0.25F);
      EXPECT_EQ(std::count(mask[step].begin(), mask[step].end(), 0.0F), 2);
      for (size_t i = 0; i < 4; ++i) EXPECT_EQ(image[step][i], mask[step][i] * target[step][i]);
    }
  }
  // Each image is asked for once a pass.
  EXPECT_EQ(asked.size(), static_cast<size_t>(kCount));
  for (const auto& [image, times] : asked) EXPECT_EQ(times, 2) << image;
  EXPECT_EQ(same_order.size(), 2U);
}

TEST_F(ImagesSourceTest, DamagesEveryPresentationAnew) {
  const auto source = Make(
      "damaged: ALL damage { gaussian { stddev: 1 } } episode { samples: 1 presentations: 2 "
      "show_steps: 2 gap_steps: 0 query_steps: 1 }");
  const auto image = Episode(*source, kImage, 0);
  EXPECT_EQ(image[0], image[1]);
  EXPECT_EQ(image[2], image[3]);
  EXPECT_EQ(std::set<Row>(image.begin(), image.end()).size(), 3U);
  EXPECT_THAT(Episode(*source, kTarget, 0), ::testing::Each(Episode(*source, kTarget, 0)[0]));
}

TEST_F(ImagesSourceTest, AsksForAnotherImageOfTheClass) {
  const auto source = Make(
      "episode { samples: 4 show_steps: 1 gap_steps: 0 query_steps: 1 query: SAME_CLASS distinct_classes: "
      "true }");
  std::set<std::int64_t> places;
  for (std::uint64_t number = 0; number < 3 * kCount; ++number) {
    const auto target = Episode(*source, kTarget, number);
    const std::int64_t query = ImageOf(target[4]);
    std::set<std::int64_t> classes;
    for (std::int64_t show = 0; show < 4; ++show) {
      const std::int64_t image = ImageOf(target[static_cast<size_t>(show)]);
      EXPECT_NE(image, query);
      classes.insert(image % kClasses);
      if (image % kClasses == query % kClasses) places.insert(show);
    }
    EXPECT_EQ(classes.size(), 4U);
  }
  EXPECT_EQ(places.size(), 4U);
}

TEST_F(ImagesSourceTest, NumbersTheClassesOfAnEpisodeAnew) {
  ports_[kShownLabel].shape = Shape{2};
  const auto source = Make(
      "episode { samples: 2 show_steps: 1 gap_steps: 0 query_steps: 1 query: SAME_CLASS distinct_classes: "
      "true "
      "labels: OF_EPISODE }");
  std::set<std::pair<std::int64_t, float>> seen;  // class and its number
  for (std::uint64_t number = 0; number < 4 * kCount; ++number) {
    const auto target = Episode(*source, kTarget, number);
    const auto label = Episode(*source, kLabel, number);
    const auto shown = Episode(*source, kShownLabel, number);
    EXPECT_EQ(label[0][0] + label[1][0], 1);
    for (size_t step = 0; step < 2; ++step) EXPECT_EQ(shown[step][static_cast<size_t>(label[step][0])], 1);
    const bool first = ImageOf(target[0]) % kClasses == ImageOf(target[2]) % kClasses;
    EXPECT_EQ(label[2][0], label[first ? 0 : 1][0]);
    seen.emplace(ImageOf(target[0]) % kClasses, label[0][0]);
  }
  EXPECT_EQ(seen.size(), 8U);
}

TEST_F(ImagesSourceTest, TurnsImagesIntoNewClasses) {
  const auto source =
      Make("transform { quarter_turns {} } episode { samples: 3 show_steps: 1 gap_steps: 0 query_steps: 1 }");
  std::set<size_t> turns;
  for (std::uint64_t number = 0; number < 20; ++number) {
    const auto target = Episode(*source, kTarget, number);
    // 0.75 is the largest pixel; it lies at the lower left before.
    const Row& query = target[3];
    EXPECT_EQ(std::count(target.begin(), target.begin() + 3, query), 1);
    turns.insert(static_cast<size_t>(std::max_element(query.begin(), query.end()) - query.begin()));
  }
  EXPECT_EQ(turns.size(), 4U);
}

TEST_F(ImagesSourceTest, EndsWithoutAQuery) {
  const auto source = Make("episode { samples: 2 show_steps: 2 gap_steps: 1 query: NONE show_weight: 1 }");
  EXPECT_EQ(source->steps(), 6);
  EXPECT_EQ(ImageOf(Episode(*source, kImage, 0)[5]), -1);
  float weights = 0;
  for (const Row& weight : Episode(*source, kWeight, 0)) weights += weight[0];
  EXPECT_FLOAT_EQ(weights, 1);
}

TEST_F(ImagesSourceTest, FillsOneValueAnEpisode) {
  const auto per_step = Make(kEpisode);
  const Row target = Episode(*per_step, kTarget, 7)[20];
  const Row label = Episode(*per_step, kLabel, 7)[20];
  ports_[kTarget].per_step = false;
  ports_[kLabel] = {"label", Shape{kClasses}, false};
  const auto source = Make(kEpisode);
  EXPECT_THAT(Episode(*source, kTarget, 7), ElementsAre(target));
  Row one_hot(kClasses, 0);
  one_hot[static_cast<size_t>(label[0])] = 1;
  EXPECT_THAT(Episode(*source, kLabel, 7), ElementsAre(one_hot));
}

TEST_F(ImagesSourceTest, FillsAnEpisodeOfOneImageOnce) {
  const char* text =
      "episode { samples: 1 show_steps: 3 gap_steps: 0 query: NONE show_weight: 1 } "
      "damaged: ALL damage { gaussian {} }";
  const auto per_step = Make(text);
  std::vector<std::vector<Row>> steps;
  for (size_t port = 0; port < ports_.size(); ++port) steps.push_back(Episode(*per_step, port, 7));
  for (InputPort& port : ports_) port.per_step = false;
  const auto source = Make(text);
  for (size_t port = 0; port < ports_.size(); ++port) {
    const std::vector<Row> once = Episode(*source, port, 7);
    ASSERT_EQ(once.size(), 1);
    EXPECT_THAT(steps[port], ::testing::Each(once.front())) << ports_[port].name;
  }
}

TEST_F(ImagesSourceTest, GivesTheSameNumbersForAnyBatchAndWindow) {
  const std::string text = std::string(kEpisode) + "damaged: ALL damage { gaussian {} } held_out: 0.25";
  const auto source = Make(text);
  const auto other = Make(text);
  for (size_t port = 0; port < ports_.size(); ++port) {
    const size_t size = static_cast<size_t>(ports_[port].shape.NumElements());
    // Windows of 2 steps of 5 episodes, from number 6 on and so across a pass of 9, the last window first.
    for (std::int64_t first = 20; first >= 0; first -= 2) {
      std::vector<double> out(2 * 5 * size);
      source->Fill(port, {.first_episode = 6, .batch = 5, .first_step = first, .steps = 2}, std::span(out));
      for (std::uint64_t sample = 5; sample-- > 0;) {
        const auto alone = Episode(*other, port, 6 + sample);
        for (size_t step = 0; step < 2; ++step) {
          for (size_t i = 0; i < size; ++i) {
            ASSERT_EQ(out[(step * 5 + sample) * size + i], alone[static_cast<size_t>(first) + step][i]);
          }
        }
      }
    }
  }
}

TEST_F(ImagesSourceTest, DrawsOthersForEvaluation) {
  const auto training = Make(kEpisode);
  const auto evaluation = Make(kEpisode, DataUse::kEvaluation);
  int same = 0;
  for (std::uint64_t number = 0; number < 20; ++number) {
    same += Episode(*training, kImage, number) == Episode(*evaluation, kImage, number) ? 1 : 0;
    EXPECT_EQ(ImageOf(Episode(*evaluation, kTarget, number)[18]), static_cast<std::int64_t>(number) % kCount);
  }
  EXPECT_LT(same, 3);
}

TEST_F(ImagesSourceTest, RefusesInputsThatItCannotFeed) {
  const InputPort image{"image", Shape{1, 2, 2}, true};
  const struct {
    std::string text;
    std::vector<InputPort> ports;
    std::string fault;
  } cases[] = {
      {"",
       {{"images", Shape{4}, true}},
       "nothing feeds input \"images\"; `images` feeds \"image\", \"target\", \"label\""},
      {"", {{"label", Shape{}, true}}, "image: the model has no input \"image\""},
      {"mask: 'given'", {image, {"gives", Shape{4}, true}}, "nothing feeds input \"gives\""},
      {"mask: 'given'", {image}, "mask: the model has no input \"given\""},
      {"",
       {{"image", Shape{2, 1, 2}, true}},
       "input \"image\" has shape [2, 1, 2], but the images, as they are fed, have [1, 2, 2]; expected this, "
       "[2, 2] or [4]"},
      {"transform { pad { height: 3 width: 4 } }", {image}, "have [1, 3, 4]; expected this, [3, 4] or [12]"},
      {"", {image, {"weight", Shape{1}, true}}, "input \"weight\" has shape [1], but a weight is a scalar"},
      {"",
       {image, {"label", Shape{3}, true}},
       "input \"label\" has 3 elements, but the labels go up to 3; expected at least 4"},
      {"",
       {image, {"label", Shape{2, 2}, true}},
       "input \"label\" has shape [2, 2], but a label is a scalar or a vector"},
      {"",
       {image, {"shown_label", Shape{}, true}},
       "input \"shown_label\" has shape [], but a label is a vector"},
      {kEpisode,
       {{"image", Shape{4}, false}},
       "input \"image\" has `per: EPISODE`, but changes from step to step"},
      {"episode { query: NONE }",
       {image, {"target", Shape{4}, false}},
       "input \"target\" has `per: EPISODE`, which asks for the query, but an episode has none"},
      {"episode { query: NONE }",
       {image, {"weight", Shape{}, true}},
       "input \"weight\" would be 0 at every step"},
      {"episode { samples: 13 }", {image}, "an episode needs 13 different images, but there are 12"},
      {"episode { samples: 5 distinct_classes: true }",
       {image},
       "5 images of distinct classes, but the images have 4"},
      {"count: 5 episode { query: SAME_CLASS }",
       {image},
       "class 1 has one image only; a query of the SAME_CLASS"},
  };
  for (const auto& tested : cases) EXPECT_THAT(Fault(tested.text, tested.ports), HasSubstr(tested.fault));
  Save(false);
  EXPECT_THAT(Fault("", {image, {"label", Shape{}, true}}),
              HasSubstr("input \"label\" reads labels, but the files have none"));
  EXPECT_THAT(Fault("episode { distinct_classes: true }", {image}),
              HasSubstr("need classes, but the images have no labels"));
}

}  // namespace
}  // namespace plgraph
