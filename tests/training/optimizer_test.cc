#include "tools/training/optimizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "core/random.h"

namespace plgraph {
namespace {

constexpr int kUpdates = 5;
constexpr double kRate = 0.05;

// One element with two memories, updated by the formula of the paper, without any rearrangement.
struct Scalar {
  double p = 0;
  double m = 0;
  double v = 0;
};
using Formula = std::function<void(Scalar& s, double g, int t)>;

struct Case {
  std::string name;
  Train train;
  int slots;
  Formula formula;
};

Train MakeTrain(const std::function<void(Train&)>& fill) {
  Train train;
  fill(train);
  return train;
}

void AdamFormula(Scalar& s, double g, int t, double decay) {
  s.m = 0.8 * s.m + 0.2 * g;
  s.v = 0.95 * s.v + 0.05 * g * g;
  const double m_hat = s.m / (1 - std::pow(0.8, t));
  const double v_hat = s.v / (1 - std::pow(0.95, t));
  s.p -= kRate * (m_hat / (std::sqrt(v_hat) + 1e-6) + decay * s.p);
}

template <typename Message>
void SetAdam(Message& adam) {
  adam.set_beta1(0.8);
  adam.set_beta2(0.95);
  adam.set_epsilon(1e-6);
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  cases.push_back({"Sgd", MakeTrain([](Train& t) { t.mutable_sgd(); }), 0,
                   [](Scalar& s, double g, int) { s.p -= kRate * g; }});
  cases.push_back({"Momentum", MakeTrain([](Train& t) { t.mutable_sgd()->set_momentum(0.9); }), 1,
                   [](Scalar& s, double g, int) {
                     s.m = 0.9 * s.m + g;
                     s.p -= kRate * s.m;
                   }});
  cases.push_back({"Nesterov", MakeTrain([](Train& t) {
                     t.mutable_sgd()->set_momentum(0.9);
                     t.mutable_sgd()->set_nesterov(true);
                   }),
                   1, [](Scalar& s, double g, int) {
                     s.m = 0.9 * s.m + g;
                     s.p -= kRate * (g + 0.9 * s.m);
                   }});
  cases.push_back({"Adam", MakeTrain([](Train& t) { SetAdam(*t.mutable_adam()); }), 2,
                   [](Scalar& s, double g, int t) { AdamFormula(s, g, t, 0); }});
  cases.push_back({"AdamW", MakeTrain([](Train& t) {
                     SetAdam(*t.mutable_adamw());
                     t.mutable_adamw()->set_weight_decay(0.1);
                   }),
                   2, [](Scalar& s, double g, int t) { AdamFormula(s, g, t, 0.1); }});
  cases.push_back({"RmsProp", MakeTrain([](Train& t) { t.mutable_rmsprop()->set_decay(0.9); }), 1,
                   [](Scalar& s, double g, int) {
                     s.m = 0.9 * s.m + 0.1 * g * g;
                     s.p -= kRate * g / (std::sqrt(s.m) + 1e-8);
                   }});
  return cases;
}

double GradientAt(size_t element, int update) {
  return RandomStream(3, 4, static_cast<std::uint64_t>(update)).Normal(static_cast<std::uint32_t>(element));
}

template <typename T>
std::vector<T> Optimized(const Train& train, size_t size, int threads,
                         const GradientTransform& transform = {}) {
  ThreadPool pool(threads);
  std::vector<T> parameter(size);
  std::vector<std::vector<T>> memory(kMaxOptimizerSlots, std::vector<T>(size));
  std::vector<T> gradient(size);
  for (size_t i = 0; i < size; ++i) parameter[i] = static_cast<T>(GradientAt(i, 100));
  for (int update = 0; update < kUpdates; ++update) {
    for (size_t i = 0; i < size; ++i) gradient[i] = static_cast<T>(GradientAt(i, update));
    OptimizerUpdate<T> p = {.parameter = parameter, .gradient = gradient, .slots = {}};
    for (int slot = 0; slot < OptimizerSlots(train); ++slot) {
      p.slots[static_cast<size_t>(slot)] = memory[static_cast<size_t>(slot)];
    }
    UpdateParameter(train, p, transform, kRate, update, pool);
  }
  return parameter;
}

class OptimizerTest : public ::testing::TestWithParam<Case> {};

TEST_P(OptimizerTest, FollowsItsFormula) {
  const size_t size = 37;
  const std::vector<double> in_double = Optimized<double>(GetParam().train, size, 1);
  const std::vector<float> in_float = Optimized<float>(GetParam().train, size, 1);
  for (size_t i = 0; i < size; ++i) {
    Scalar scalar = {.p = GradientAt(i, 100)};
    for (int t = 1; t <= kUpdates; ++t) GetParam().formula(scalar, GradientAt(i, t - 1), t);
    EXPECT_NEAR(in_double[i], scalar.p, 1e-14 * (1 + std::abs(scalar.p)));
    EXPECT_NEAR(in_float[i], scalar.p, 1e-5 * (1 + std::abs(scalar.p)));
  }
}

TEST_P(OptimizerTest, KeepsAsManyNumbersAsItSays) {
  EXPECT_EQ(OptimizerSlots(GetParam().train), GetParam().slots);
}

TEST_P(OptimizerTest, GivesTheSameBitsWithAnyNumberOfThreads) {
  const size_t size = 100003;
  const std::vector<float> one = Optimized<float>(GetParam().train, size, 1);
  EXPECT_EQ(one, Optimized<float>(GetParam().train, size, 2));
  EXPECT_EQ(one, Optimized<float>(GetParam().train, size, 3));
}

INSTANTIATE_TEST_SUITE_P(All, OptimizerTest, ::testing::ValuesIn(Cases()),
                         [](const auto& test) { return test.param.name; });

TEST(Optimizer, LimitsAndScalesTheGradientItReads) {
  const Train train = MakeTrain([](Train& t) { t.mutable_sgd(); });
  const std::vector<double> updated = Optimized<double>(train, 50, 1, {.limit = 0.5, .scale = 0.25});
  for (size_t i = 0; i < updated.size(); ++i) {
    double expected = GradientAt(i, 100);
    for (int u = 0; u < kUpdates; ++u) expected -= kRate * 0.25 * std::clamp(GradientAt(i, u), -0.5, 0.5);
    EXPECT_NEAR(updated[i], expected, 1e-14);
  }
}

TEST(Optimizer, IsCalledByItsField) {
  EXPECT_EQ(OptimizerName(MakeTrain([](Train& t) { t.mutable_adamw(); })), "adamw");
  EXPECT_EQ(OptimizerName(Train()), "");
}

}  // namespace
}  // namespace plgraph
