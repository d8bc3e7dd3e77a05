// Finite differences hold constant what the gradient holds constant, and no more.
#include "tools/training/held_loss.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "core/memory_budget.h"
#include "serialization/formats/npy.h"
#include "tests/support/temp_folder.h"
#include "tools/training/gradient_check.h"
#include "tools/training/parameters.h"

namespace plgraph {
namespace {

// Two samples of three steps; the parameter w, [2], and the nodes of the test, of which "e" is the loss.
class HeldLossTest : public ::testing::Test {
 protected:
  HeldLossTest() {
    WriteNpy(*files_, folder_.Path("x.npy"),
             Tensor(Shape{2, 3, 2}, std::vector<float>{0.2F, -1.8F, 1.4F, -0.9F, -0.2F, 0.7F, 0.3F, 1.1F,
                                                       -0.6F, -0.8F, 0.9F, -1.3F}));
  }

  LoadedModel Load(const std::string& nodes, const std::string& at) {
    folder_.Write("m.pbtxt",
                  "input { name: \"x\" shape: \"2\" }\n"
                  "parameter { name: \"w\" shape: \"2\" constant { value: 0.5 } }\n" +
                      nodes + "\nloss { value: \"e\" at: " + at +
                      " }\n"
                      "train { batch: 2 sgd {} data { npy { array { input: \"x\" path: \"x.npy\" } shuffle: "
                      "false } } }\n");
    return LoadModel(*files_, folder_.Path("m.pbtxt"), {});
  }

  // Of the gradient of w times `factor`.
  ParameterCheck Check(const std::string& nodes, const std::string& at, double factor = 1) {
    const LoadedModel loaded = Load(nodes, at);
    FirstBatch<double> batch(loaded, services_);
    batch.Loss();
    std::vector<double> gradient = batch.Gradients()[0].tensor.As<double>();
    for (double& number : gradient) number *= factor;
    HeldLoss loss(loaded, services_);
    loss.MoveTo(GetParameters(batch.executor()));
    return CheckGradient({.name = "w", .parameter = loss.Parameter("w"), .gradient = gradient, .loss = [&] {
                            return loss.Loss();
                          }});
  }

  void ExpectOnlyTheRightGradientPasses(const std::string& nodes) {
    for (const std::string at : {"EVERY_STEP", "LAST_STEP"}) {
      const ParameterCheck right = Check(nodes, at);
      EXPECT_TRUE(right.passed()) << at;
      EXPECT_LE(right.relative_error, 1e-7) << at;
      EXPECT_NE(right.analytic, 0) << at;
      EXPECT_FALSE(Check(nodes, at, 1.0005).passed()) << at;
      EXPECT_FALSE(Check(nodes, at, 0.9995).passed()) << at;
    }
  }

  TempFolder folder_;
  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
  SystemClock clock_;
  SystemMemory memory_;
  ThreadPool pool_{1};
  Services services_ = {*files_, clock_, memory_, pool_};
};

TEST_F(HeldLossTest, StopGradient) {
  ExpectOnlyTheRightGradientPasses(R"(node { name: "y" mul { a: "x" b: "w" } }
node { name: "s" stop_gradient { x: "y" } }
node { name: "e" dot { a: "y" b: "s" } })");
}

TEST_F(HeldLossTest, StopGradientInTheLoop) {
  ExpectOnlyTheRightGradientPasses(R"(state { name: "h" shape: "2" next: "s" }
node { name: "y" mul { a: "x" b: "w" } }
node { name: "sum" add { a: "y" b: "h" } }
node { name: "t" tanh { x: "sum" } }
node { name: "s" stop_gradient { x: "t" } }
node { name: "e" dot { a: "t" b: "sum" } })");
}

TEST_F(HeldLossTest, StopGradientOfAParameter) {
  ExpectOnlyTheRightGradientPasses(R"(node { name: "s" stop_gradient { x: "w" } }
node { name: "p" mul { a: "s" b: "w" } }
node { name: "y" mul { a: "x" b: "p" } }
node { name: "e" dot { a: "y" b: "y" } })");
}

// The second element of x times w is at 0.1 at one step: the sign changes within the first differences.
TEST_F(HeldLossTest, SignAndWhere) {
  ExpectOnlyTheRightGradientPasses(R"(node { name: "y" mul { a: "x" b: "w" } }
node { name: "near" scale { x: "y" offset: -0.1001 } }
node { name: "s" sign { x: "near" } }
node { name: "up" square { x: "y" } }
node { name: "chosen" where { condition: "near" a: "up" b: "y" } }
node { name: "signed" mul { a: "s" b: "chosen" } }
node { name: "e" sum { x: "signed" } })");
}

// The condition follows from what it chooses: only the condition is held.
TEST_F(HeldLossTest, WhereHoldsOnlyItsCondition) {
  ExpectOnlyTheRightGradientPasses(R"(node { name: "y" mul { a: "x" b: "w" } }
node { name: "deep" tanh { x: "y" } }
node { name: "chosen" where { condition: "deep" a: "deep" b: "y" } }
node { name: "e" dot { a: "chosen" b: "deep" } })");
}

TEST_F(HeldLossTest, KinksBesideThePoint) {
  ExpectOnlyTheRightGradientPasses(R"(node { name: "y" mul { a: "x" b: "w" } }
node { name: "a" scale { x: "y" offset: -0.100001 } }
node { name: "b" relu { x: "a" } }
node { name: "c" clamp { x: "y" min: -0.90001 max: 0.35002 } }
node { name: "d" add { a: "b" b: "c" } }
node { name: "f" abs { x: "d" } }
node { name: "g" max { x: "y" } }
node { name: "h" square { x: "f" } }
node { name: "i" sum { x: "h" } }
node { name: "e" add { a: "i" b: "g" } })");
}

TEST_F(HeldLossTest, AKinkAtThePointIsSeen) {
  const std::string nodes = R"(node { name: "y" mul { a: "x" b: "w" } }
node { name: "a" scale { x: "w" offset: -0.5 } }
node { name: "b" relu { x: "a" } }
node { name: "c" add { a: "b" b: "y" } }
node { name: "e" sum { x: "c" } })";
  const ParameterCheck check = Check(nodes, "EVERY_STEP");
  EXPECT_TRUE(check.at_kink);
  EXPECT_FALSE(check.passed());
  EXPECT_EQ(check.kinks, 2);
}

TEST_F(HeldLossTest, AKeptStateStartsFromItsParameterOnce) {
  ExpectOnlyTheRightGradientPasses(
      R"(state { name: "h" shape: "2" next: "t" initial_parameter: "w" lifetime: KEPT }
node { name: "y" add { a: "x" b: "h" } }
node { name: "t" tanh { x: "y" } }
node { name: "e" dot { a: "t" b: "t" } })");
}

}  // namespace
}  // namespace plgraph
