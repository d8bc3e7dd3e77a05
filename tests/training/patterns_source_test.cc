#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"
#include "tools/training/data_source.h"

namespace plgraph {
namespace {

constexpr std::int64_t kSize = 33;  // not a multiple of 32: the words of random bits end in between
constexpr std::int64_t kSteps = 3 * 2 * (2 + 1) + 2;

Patterns Config() {
  Patterns patterns;
  patterns.set_patterns(3);
  patterns.set_presentations(2);
  patterns.set_show_steps(2);
  patterns.set_gap_steps(1);
  patterns.set_query_steps(2);
  patterns.set_degrade(0.4);
  patterns.set_scale(20);
  return patterns;
}

DataContext Context(DataUse use = DataUse::kTraining, std::uint64_t seed = 1) {
  return {.ports = {{"cue", Shape{3, 11}, true}, {"target", Shape{kSize}, true}},
          .seed = seed,
          .use = use,
          .folder = ""};
}

using Row = std::vector<float>;

// rows[step][sample]
std::vector<std::vector<Row>> Rows(DataSource& source, size_t port, const EpisodeWindow& window) {
  std::vector<float> all(static_cast<size_t>(window.steps * window.batch * kSize));
  source.Fill(port, window, std::span(all));
  std::vector<std::vector<Row>> rows(static_cast<size_t>(window.steps));
  auto from = all.begin();
  for (auto& step : rows) {
    for (std::int64_t b = 0; b < window.batch; ++b, from += kSize) step.emplace_back(from, from + kSize);
  }
  return rows;
}

std::vector<Row> Episode(DataSource& source, size_t port, std::uint64_t number) {
  std::vector<Row> episode;
  for (const auto& step : Rows(source, port, {.first_episode = number, .batch = 1, .steps = kSteps})) {
    episode.push_back(step[0]);
  }
  return episode;
}

bool IsZero(const Row& row) {
  return std::all_of(row.begin(), row.end(), [](float x) { return x == 0; });
}

TEST(PatternsSource, ShowsEveryPatternThenADamagedOne) {
  const auto source = MakePatternsSource(Config(), Context());
  ASSERT_EQ(source->steps(), kSteps);
  EXPECT_EQ(source->episodes(), std::nullopt);
  for (std::uint64_t number = 0; number < 20; ++number) {
    const std::vector<Row> cue = Episode(*source, 0, number);
    const std::vector<Row> target = Episode(*source, 1, number);
    std::multiset<Row> shown;
    for (size_t step = 0; step < 18; step += 3) {
      EXPECT_EQ(cue[step], cue[step + 1]);
      EXPECT_TRUE(IsZero(cue[step + 2]));
      for (const float x : cue[step]) EXPECT_EQ(std::abs(x), 20);
      shown.insert(cue[step]);
    }
    for (const Row& pattern : shown) EXPECT_EQ(shown.count(pattern), 2U);
    EXPECT_EQ(cue[18], cue[19]);
    EXPECT_EQ(std::count(cue[18].begin(), cue[18].end(), 0.0F), std::llround(0.4 * kSize));
    for (const Row& row : target) EXPECT_EQ(row, target[0]);
    Row scaled = target[0];
    for (float& x : scaled) x *= 20;
    EXPECT_EQ(shown.count(scaled), 2U);
    for (size_t i = 0; i < scaled.size(); ++i) EXPECT_TRUE(cue[18][i] == 0 || cue[18][i] == scaled[i]);
  }
}

TEST(PatternsSource, DrawsOrderQueryAndDamageAnew) {
  const auto source = MakePatternsSource(Config(), Context());
  std::set<bool> same_order;
  std::set<size_t> queries;
  std::set<size_t> damaged;
  for (std::uint64_t number = 0; number < 40; ++number) {
    const std::vector<Row> cue = Episode(*source, 0, number);
    same_order.insert(cue[0] == cue[9] && cue[3] == cue[12]);
    Row target = Episode(*source, 1, number)[0];
    for (float& x : target) x *= 20;
    queries.insert(static_cast<size_t>(std::find(cue.begin(), cue.begin() + 9, target) - cue.begin()));
    damaged.insert(static_cast<size_t>(std::find(cue[18].begin(), cue[18].end(), 0.0F) - cue[18].begin()));
  }
  EXPECT_EQ(same_order.size(), 2U);
  EXPECT_THAT(queries, ::testing::ElementsAre(0, 3, 6));
  EXPECT_GT(damaged.size(), 3U);
}

TEST(PatternsSource, MakesAnEpisodeOfItsNumberAlone) {
  const auto source = MakePatternsSource(Config(), Context());
  const auto other = MakePatternsSource(Config(), Context());
  const auto batch = Rows(*source, 0, {.first_episode = 5, .batch = 4, .steps = kSteps});
  for (std::uint64_t sample = 4; sample-- > 0;) {
    const std::vector<Row> alone = Episode(*other, 0, 5 + sample);
    for (size_t step = 0; step < alone.size(); ++step) EXPECT_EQ(batch[step][sample], alone[step]);
  }
}

TEST(PatternsSource, GivesAnyWindowOfAnEpisode) {
  const auto source = MakePatternsSource(Config(), Context());
  const std::vector<Row> whole = Episode(*source, 0, 9);
  for (std::int64_t first = 0; first + 5 <= kSteps; ++first) {
    const auto window = Rows(*source, 0, {.first_episode = 9, .batch = 1, .first_step = first, .steps = 5});
    for (size_t step = 0; step < 5; ++step)
      EXPECT_EQ(window[step][0], whole[static_cast<size_t>(first) + step]);
  }
}

TEST(PatternsSource, HasOtherEpisodesForEvaluationAndForEverySeed) {
  const auto training = MakePatternsSource(Config(), Context());
  const auto evaluation = MakePatternsSource(Config(), Context(DataUse::kEvaluation));
  const auto seed2 = MakePatternsSource(Config(), Context(DataUse::kTraining, 2));
  std::set<Row> seen;
  for (std::uint64_t number = 0; number < 50; ++number) {
    for (DataSource* source : {training.get(), evaluation.get(), seed2.get()}) {
      EXPECT_TRUE(seen.insert(Episode(*source, 1, number)[0]).second);
    }
  }
}

TEST(PatternsSource, FillsATargetWithOneValueAnEpisode) {
  DataContext context = Context();
  const auto per_step = MakePatternsSource(Config(), context);
  context.ports[1].per_step = false;
  const auto source = MakePatternsSource(Config(), context);
  std::vector<double> target(2 * kSize);
  source->Fill(1, {.first_episode = 3, .batch = 2, .steps = kSteps}, std::span(target));
  for (std::uint64_t sample = 0; sample < 2; ++sample) {
    const Row expected = Episode(*per_step, 1, 3 + sample)[0];
    for (size_t i = 0; i < kSize; ++i) EXPECT_EQ(target[sample * kSize + i], expected[i]);
  }
}

std::string Fault(const DataContext& context) {
  try {
    MakePatternsSource(Config(), context);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalid);
    return error.what();
  }
  return "";
}

TEST(PatternsSource, RefusesInputsThatItCannotFeed) {
  DataContext context = Context();
  context.ports[0].name = "cues";
  EXPECT_THAT(Fault(context), ::testing::HasSubstr("no input \"cue\" (did you mean \"cues\"?)"));
  context = Context();
  context.ports[1].shape = Shape{7};
  EXPECT_THAT(Fault(context), ::testing::HasSubstr("\"cue\" has shape [3, 11] but \"target\" has [7]"));
  context = Context();
  context.ports.push_back({"reward", Shape{}, true});
  EXPECT_THAT(Fault(context), ::testing::HasSubstr("nothing feeds input \"reward\""));
  context = Context();
  context.ports[0].per_step = false;
  EXPECT_THAT(Fault(context), ::testing::HasSubstr("the cue changes from step to step"));
}

}  // namespace
}  // namespace plgraph
