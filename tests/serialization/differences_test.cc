#include "serialization/language/differences.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "serialization/language/model.pb.h"

namespace plgraph {
namespace {

using ::testing::ElementsAre;

Model Read(const std::string& text) {
  Model model;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &model)) << text;
  return model;
}

std::vector<std::string> Differences(const std::string& before, const std::string& after) {
  std::vector<std::string> lines;
  for (const Difference& difference : DifferencesOf(Read(before), Read(after)))
    lines.push_back(ToText(difference));
  return lines;
}

TEST(Differences, OfTheSameModelAreNone) {
  const std::string text = "name: 'm' dim { name: 'n' size: 3 } train { batch: 1 adam { } }";
  EXPECT_THAT(Differences(text, text), ElementsAre());
}

TEST(Differences, ADefaultIsTheSameWrittenOrNot) {
  EXPECT_THAT(Differences("train { batch: 1 }", "train { }"), ElementsAre());
  EXPECT_THAT(Differences("train { }", "train { batch: 8 }"), ElementsAre("train.batch: 1 -> 8"));
}

TEST(Differences, WhatHasNoDefaultIsNotSet) {
  EXPECT_THAT(Differences("name: 'm'", ""), ElementsAre("name: \"m\" -> not set"));
  EXPECT_THAT(Differences("train { data { images { idx { images: 'x' } } } }",
                          "train { data { images { idx { images: 'x' } episode { } } } }"),
              ElementsAre("train.data.images.episode: not set -> {}"));
}

TEST(Differences, AnotherMemberOfAOneofIsOneDifference) {
  EXPECT_THAT(Differences("node { name: 'y' tanh { x: 'drive' } }", "node { name: 'y' relu { x: 'drive' } }"),
              ElementsAre("node.y.op: tanh { x: \"drive\" } -> relu { x: \"drive\" }"));
  EXPECT_THAT(Differences("train { adam { learning_rate: 0.1 } }", "train { adam { learning_rate: 0.2 } }"),
              ElementsAre("train.adam.learning_rate: 0.1 -> 0.2"));
}

TEST(Differences, ElementsAreComparedByName) {
  EXPECT_THAT(Differences("dim { name: 'a' size: 1 } dim { name: 'b' size: 2 }",
                          "dim { name: 'b' size: 3 } dim { name: 'c' size: 4 }"),
              ElementsAre("dim.a: { name: \"a\" size: 1 } -> not set", "dim.b.size: 2 -> 3",
                          "dim.c: not set -> { name: \"c\" size: 4 }"));
  EXPECT_THAT(Differences("dim { name: 'a' size: 1 } dim { name: 'b' size: 2 }",
                          "dim { name: 'b' size: 2 } dim { name: 'a' size: 1 }"),
              ElementsAre("dim: in the order a, b -> in the order b, a"));
  EXPECT_THAT(Differences("loss { value: 'e' } loss { value: 'e' scale: 2 }",
                          "loss { value: 'e' } loss { value: 'e' scale: 3 }"),
              ElementsAre("loss.1.scale: 2 -> 3"));
}

TEST(Differences, ListsAreComparedAsOne) {
  EXPECT_THAT(Differences("input { name: 'x' shape: ['n', 'm'] }", "input { name: 'x' shape: ['n'] }"),
              ElementsAre("input.x.shape: [\"n\", \"m\"] -> [\"n\"]"));
}

}  // namespace
}  // namespace plgraph
