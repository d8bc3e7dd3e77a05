#include "tools/training/learning_rate.h"

#include <gtest/gtest.h>

#include <cmath>

namespace plgraph {
namespace {

Train WithRate(double rate) {
  Train train;
  train.mutable_adam()->set_learning_rate(rate);
  return train;
}

TEST(LearningRate, IsConstantWithoutASchedule) {
  const Train train = WithRate(0.3);
  EXPECT_DOUBLE_EQ(LearningRate(train, 0, 100), 0.3);
  EXPECT_DOUBLE_EQ(LearningRate(train, 99, 100), 0.3);
}

TEST(LearningRate, OfEveryOptimizerIsItsOwn) {
  Train train;
  train.mutable_sgd()->set_learning_rate(0.5);
  EXPECT_DOUBLE_EQ(LearningRate(train, 7, 10), 0.5);
  train.mutable_rmsprop()->set_learning_rate(0.25);
  EXPECT_DOUBLE_EQ(LearningRate(train, 7, 10), 0.25);
  train.mutable_adamw()->set_learning_rate(0.125);
  EXPECT_DOUBLE_EQ(LearningRate(train, 7, 10), 0.125);
}

TEST(LearningRate, RisesFromZeroDuringWarmup) {
  Train train = WithRate(1.0);
  train.set_warmup_updates(4);
  for (int update = 0; update < 4; ++update) {
    EXPECT_DOUBLE_EQ(LearningRate(train, update, 100), (update + 1) / 5.0);
  }
  EXPECT_DOUBLE_EQ(LearningRate(train, 4, 100), 1.0);
}

TEST(LearningRate, FallsInSteps) {
  Train train = WithRate(1.0);
  train.mutable_step_decay()->set_every_updates(10);
  train.mutable_step_decay()->set_factor(0.5);
  EXPECT_DOUBLE_EQ(LearningRate(train, 9, 100), 1.0);
  EXPECT_DOUBLE_EQ(LearningRate(train, 10, 100), 0.5);
  EXPECT_DOUBLE_EQ(LearningRate(train, 29, 100), 0.25);
}

TEST(LearningRate, FallsAlongACosineBehindTheWarmup) {
  Train train = WithRate(2.0);
  train.set_warmup_updates(10);
  train.mutable_cosine()->set_final_factor(0.1);
  EXPECT_DOUBLE_EQ(LearningRate(train, 10, 110), 2.0);
  EXPECT_NEAR(LearningRate(train, 60, 110), 2.0 * 0.55, 1e-12);
  EXPECT_NEAR(LearningRate(train, 110, 110), 0.2, 1e-12);
  EXPECT_NEAR(LearningRate(train, 200, 110), 0.2, 1e-12);  // it stays there
}

TEST(LearningRate, FallsExponentially) {
  Train train = WithRate(1.0);
  train.mutable_exponential()->set_factor(0.9);
  EXPECT_DOUBLE_EQ(LearningRate(train, 0, 10), 1.0);
  EXPECT_NEAR(LearningRate(train, 7, 10), std::pow(0.9, 7), 1e-15);
}

}  // namespace
}  // namespace plgraph
