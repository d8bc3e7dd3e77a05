// Transforms and damage against plain loops over pixels.
#include "tools/training/image_transforms.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "core/error.h"

namespace plgraph {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Images Parsed(const std::string& text) {
  Images images;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &images)) << text;
  return images;
}

std::vector<float> Ramp(const ImageSize& size) {
  std::vector<float> image;
  for (std::int64_t i = 1; i <= size.elements(); ++i) image.push_back(static_cast<float>(i));
  return image;
}

TEST(ImageTransforms, TurnsCounterClockwise) {
  const ImageSize size{1, 2, 3};  // 1 2 3 / 4 5 6
  std::vector<float> out(6);
  TurnImage(Ramp(size), size, 0, out);
  EXPECT_THAT(out, ElementsAre(1, 2, 3, 4, 5, 6));
  TurnImage(Ramp(size), size, 1, out);
  EXPECT_THAT(out, ElementsAre(3, 6, 2, 5, 1, 4));
  TurnImage(Ramp(size), size, 2, out);
  EXPECT_THAT(out, ElementsAre(6, 5, 4, 3, 2, 1));
  TurnImage(Ramp(size), size, 3, out);
  EXPECT_THAT(out, ElementsAre(4, 1, 5, 2, 6, 3));
}

TEST(ImageTransforms, ThreeQuartersAreThreeTimesOne) {
  const ImageSize size{2, 4, 4};
  std::vector<float> step = Ramp(size);
  std::vector<float> other(step.size());
  for (int quarters = 1; quarters <= 3; ++quarters) {
    TurnImage(step, size, 1, other);
    step.swap(other);
    TurnImage(Ramp(size), size, quarters, other);
    EXPECT_EQ(step, other);
  }
}

TEST(ImageTransforms, AppliesInOrder) {
  const Images images = Parsed(
      "transform { normalize { mean: 1 stddev: 0.5 } } transform { pad { height: 3 width: 3 } } "
      "transform { quarter_turns {} }");
  ImageTransforms transforms(images, {2, 2, 1});
  EXPECT_EQ(transforms.out(), (ImageSize{2, 3, 3}));
  EXPECT_TRUE(transforms.turns());
  std::vector<float> buffer = {1, 2, 3, 4};
  transforms.Apply(1, buffer);
  EXPECT_THAT(buffer, ElementsAre(0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 4, 6, 0, 0, 0, 0));
}

std::string Fault(const std::string& text) {
  const Images images = Parsed(text);
  try {
    ImageTransforms(images, {1, 28, 20});
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ImageTransforms, RefusesWhatDoesNotFit) {
  EXPECT_THAT(Fault("transform { pad { height: 20 width: 28 } }"),
              HasSubstr("images.transform.0: pads to 20 x 28, but the image has 28 x 20 already"));
  EXPECT_THAT(
      Fault("transform { pad { height: 28 width: 4000000000000 } }"),
      HasSubstr("images.transform.0: pads to 28 x 4000000000000; expected at most 8192 lines and columns"));
  EXPECT_THAT(Fault("transform { normalize {} } transform { quarter_turns {} }"),
              HasSubstr("images.transform.1: turns images of 28 x 20; expected squares, so pad them before"));
  EXPECT_EQ(Fault("transform { pad { height: 32 width: 32 } } transform { quarter_turns {} }"), "");
}

struct Damaged {
  std::vector<float> image;
  std::vector<float> mask;
};

constexpr ImageSize kSize{2, 5, 7};

Damaged Damage(const std::string& text, std::uint64_t episode = 0, std::int64_t place = 0,
               std::string_view use = "training", std::uint64_t seed = 1) {
  const Images images = Parsed(text);
  ImageDamage damage(images, kSize, seed, use);
  Damaged result{.image = Ramp(kSize), .mask = std::vector<float>(static_cast<size_t>(kSize.elements()))};
  damage.Apply(episode, place, result.image, result.mask);
  return result;
}

// The pixels where all channels are not as before; no channel may be alone in that.
std::set<size_t> Changed(const Damaged& damaged) {
  const std::vector<float> before = Ramp(kSize);
  std::set<size_t> changed;
  for (size_t i = 0; i < 35; ++i) {
    EXPECT_EQ(damaged.image[i] != before[i], damaged.image[i + 35] != before[i + 35]);
    if (damaged.image[i] != before[i]) changed.insert(i);
  }
  return changed;
}

TEST(ImageDamage, ZerosAPartOfThePixels) {
  const Damaged damaged = Damage("damage { zeros { part: 0.4 } }");
  const std::set<size_t> changed = Changed(damaged);
  EXPECT_EQ(changed.size(), 14U);
  for (size_t i = 0; i < 70; ++i) {
    EXPECT_EQ(damaged.mask[i], changed.contains(i % 35) ? 0 : 1);
    if (changed.contains(i % 35)) {
      EXPECT_EQ(damaged.image[i], 0);
    }
  }
  EXPECT_EQ(Changed(Damage("damage { zeros { part: 1 } }")).size(), 35U);
  EXPECT_TRUE(Changed(Damage("damage { zeros { part: 0 } }")).empty());
}

TEST(ImageDamage, MakesPixelsBlackOrWhite) {
  const Damaged damaged = Damage("damage { salt_and_pepper { part: 0.6 } }");
  std::set<float> colors;
  const std::set<size_t> changed = Changed(damaged);
  for (const size_t i : changed) {
    EXPECT_EQ(damaged.image[i], damaged.image[i + 35]);
    colors.insert(damaged.image[i]);
  }
  // The first pixel is 1 in one channel, and changes in any case: the other is not.
  EXPECT_EQ(changed.size(), 21U);
  EXPECT_THAT(colors, ElementsAre(0, 1));
  EXPECT_EQ(std::count(damaged.mask.begin(), damaged.mask.end(), 1.0F), 70);
}

TEST(ImageDamage, ZerosOneHalf) {
  const auto half = [](const std::string& side, std::uint64_t episode = 0) {
    return Changed(Damage("damage { zero_half { side: " + side + " } }", episode));
  };
  const auto expected = [](const std::function<bool(size_t y, size_t x)>& inside) {
    std::set<size_t> pixels;
    for (size_t i = 0; i < 35; ++i) {
      if (inside(i / 7, i % 7)) pixels.insert(i);
    }
    return pixels;
  };
  const std::set<std::set<size_t>> halves = {half("TOP"), half("BOTTOM"), half("LEFT"), half("RIGHT")};
  EXPECT_EQ(half("TOP"), expected([](size_t y, size_t) { return y < 2; }));
  EXPECT_EQ(half("BOTTOM"), expected([](size_t y, size_t) { return y > 2; }));
  EXPECT_EQ(half("LEFT"), expected([](size_t, size_t x) { return x < 3; }));
  EXPECT_EQ(half("RIGHT"), expected([](size_t, size_t x) { return x > 3; }));
  std::set<std::set<size_t>> random;
  for (std::uint64_t episode = 0; episode < 40; ++episode) random.insert(half("RANDOM", episode));
  EXPECT_EQ(random, halves);
}

TEST(ImageDamage, AddsNormalNoise) {
  double sum = 0;
  double squares = 0;
  for (std::uint64_t episode = 0; episode < 100; ++episode) {
    const Damaged damaged = Damage("damage { gaussian { stddev: 0.5 } }", episode);
    for (size_t i = 0; i < 70; ++i) {
      const double noise = damaged.image[i] - static_cast<double>(i + 1);
      sum += noise;
      squares += noise * noise;
    }
  }
  EXPECT_NEAR(sum / 7000, 0, 0.03);
  EXPECT_NEAR(std::sqrt(squares / 7000), 0.5, 0.02);
}

TEST(ImageDamage, DrawsADeviationForEachImage) {
  double least = 1;
  double most = 0;
  for (std::uint64_t episode = 0; episode < 200; ++episode) {
    const Damaged damaged = Damage("damage { gaussian { stddev: 0.2 max_stddev: 0.8 } }", episode);
    double squares = 0;
    for (size_t i = 0; i < 70; ++i) squares += std::pow(damaged.image[i] - static_cast<double>(i + 1), 2);
    least = std::min(least, std::sqrt(squares / 70));
    most = std::max(most, std::sqrt(squares / 70));
  }
  EXPECT_GT(least, 0.13);
  EXPECT_LT(least, 0.25);
  EXPECT_GT(most, 0.7);
  EXPECT_LT(most, 1.0);
}

TEST(ImageDamage, LimitsAfterWhatComesBefore) {
  const Damaged damaged = Damage("damage { gaussian {} } damage { limit { low: 2 high: 3 } }");
  for (const float x : damaged.image) EXPECT_TRUE(x >= 2 && x <= 3);
  const Damaged noisy = Damage("damage { limit { low: 2 high: 3 } } damage { gaussian {} }");
  EXPECT_GT(*std::max_element(noisy.image.begin(), noisy.image.end()), 3);
}

TEST(ImageDamage, IsDrawnForEveryPlaceEpisodeUseAndSeed) {
  const std::string text = "damage { zeros {} } damage { gaussian {} }";
  const std::vector<float> one = Damage(text, 3, 1).image;
  EXPECT_EQ(Damage(text, 3, 1).image, one);
  EXPECT_NE(Damage(text, 3, 2).image, one);
  EXPECT_NE(Damage(text, 4, 1).image, one);
  EXPECT_NE(Damage(text, 3, 1, "evaluation").image, one);
  EXPECT_NE(Damage(text, 3, 1, "training", 2).image, one);
}

}  // namespace
}  // namespace plgraph
