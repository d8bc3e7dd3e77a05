// Each pass on the smallest graph that shows what it does, as text before and after.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "graph/compile.h"
#include "graph/ir/check.h"
#include "graph/ir/text.h"
#include "tests/support/graph_maker.h"

namespace plgraph {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The text of the graph after each pass.
std::map<std::string, std::string> TextsOf(Graph graph, const CompileOptions& options) {
  Diagnostics diagnostics("test");
  CheckGraph(graph, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.ToString();
  std::map<std::string, std::string> texts;
  PassControl control;
  control.on_pass = [&](const PassRun& run) { texts[std::string(run.name)] = ToText(run.graph); };
  Compile(std::move(graph), options, control);
  return texts;
}
std::map<std::string, std::string> TextsOf(Graph graph, bool training = true) {
  return TextsOf(std::move(graph), CompileOptions{.training = training, .steps = 3});
}

// encoder -> plastic core -> decoder: y' = tanh(y (w + alpha o H) + encoded), error = |decoded - target|^2.
Graph PlasticCore(const AttributeValue& clip = std::monostate{}) {
  GraphMaker m;
  const Value x = m.Input("x", {4});
  const Value target = m.Input("target", {4});
  const Value encoder = m.Parameter("encoder", {4, 3});
  const Value w = m.Parameter("w", {3, 3});
  const Value alpha = m.Parameter("alpha", {3, 3});
  const Value eta = m.Parameter("eta", {});
  const Value decoder = m.Parameter("decoder", {3, 4});
  const Value y = m.AddState("y", {3});
  const Value hebb = m.AddState("hebb", {3, 3});
  const Value encoded = m.Op("encoded", "MatMul", {x, encoder});
  const Value recurrent = m.Op("recurrent", "PlasticMatMul", {y, w, alpha, hebb});
  const Value drive = m.Op("drive", "Add", {recurrent, encoded});
  const Value y_next = m.Op("y_next", "Tanh", {drive});
  const Value hebb_next =
      m.Op("hebb_next", "HebbianTrace", {hebb, y, y_next, eta, {}, {}}, {std::int64_t{0}, clip});
  const Value decoded = m.Op("decoded", "MatMul", {y_next, decoder});
  const Value error = m.Op("error", "SquaredError", {decoded, target}, {std::int64_t{0}});
  m.Next(y, y_next);
  m.Next(hebb, hebb_next);
  m.Loss(error);
  return std::move(m.graph);
}

TEST(ExpandPass, MakesARuleADecayedOuter) {
  const std::string text = TextsOf(PlasticCore())["expand"];
  EXPECT_THAT(text, HasSubstr("hebb_next/Scale = Scale(eta, factor=-1, offset=1) [] @once\n"));
  EXPECT_THAT(text,
              HasSubstr("hebb_next = DecayedOuter(hebb, hebb_next/Scale, y, y_next, eta) [3, 3] TB @once\n"));
  EXPECT_THAT(text, Not(HasSubstr("HebbianTrace")));
}

TEST(ExpandPass, DropsDropoutOutsideTraining) {
  GraphMaker m;
  const Value x = m.Input("x", {4});
  const Value w = m.Parameter("w", {4});
  const Value dropped = m.Op("dropped", "Dropout", {m.Op("scaled", "Mul", {x, w})}, {0.5});
  m.Loss(m.Op("error", "Sum", {dropped}, {std::monostate{}}));
  EXPECT_THAT(TextsOf(m.graph, true)["simplify"], HasSubstr("DropoutMask"));
  EXPECT_THAT(TextsOf(m.graph, false)["simplify"], Not(HasSubstr("DropoutMask")));
}

// The pooling of a Relu, which `more` reads, too.
Graph PooledRelu(bool more) {
  GraphMaker m;
  const Value x = m.Input("x", {2, 4, 4});
  const Value scaled = m.Op("scaled", "Mul", {x, m.Parameter("w", {2, 4, 4})});
  const Value active = m.Op("active", "Relu", {scaled});
  const Value pooled = m.Op("pooled", "MaxPool2D", {active}, {IntegerList{2}, IntegerList{}, IntegerList{}});
  const Value all = m.Op("all", "Sum", {pooled}, {std::monostate{}});
  m.Loss(more ? m.Op("error", "Add", {all, m.Op("sum", "Sum", {active}, {std::monostate{}})}) : all);
  return std::move(m.graph);
}

TEST(PoolingPass, TakesTheReluOfTheLargest) {
  const std::string text = TextsOf(PooledRelu(false))["simplify"];
  EXPECT_THAT(text, HasSubstr("pooled/MaxPool2D@last = MaxPool2D(scaled@last, kernel=[2]"));
  EXPECT_THAT(text, HasSubstr("pooled@last = Relu(pooled/MaxPool2D@last)"));
  EXPECT_THAT(text, HasSubstr(" = MaxPool2DGradient(d_pooled/MaxPool2D@last, scaled@last"));
  EXPECT_THAT(text, Not(HasSubstr("active")));
}

TEST(PoolingPass, LeavesAReluThatIsReadElsewhere) {
  const std::string text = TextsOf(PooledRelu(true))["simplify"];
  EXPECT_THAT(text, HasSubstr("pooled@last = MaxPool2D(active@last"));
}

TEST(TermsPass, TakesTheLastStepBeforeTheDecoder) {
  const std::string text = TextsOf(PlasticCore())["phases"];
  EXPECT_THAT(text, HasSubstr("y_next@last = LastStep(y_next) [3] B @after\n"));
  EXPECT_THAT(text, HasSubstr("decoded@last = MatMul(y_next@last, decoder) [4] B @after\n"));
  EXPECT_THAT(text, Not(HasSubstr("decoded = ")));
}

TEST(TermsPass, CopiesANextThatIsNotItsOwn) {
  GraphMaker m;
  const Value x = m.Input("x", {2});
  const Value w = m.Parameter("w", {2});
  const Value before = m.AddState("before", {2});
  m.Next(before, x);
  m.Loss(m.Op("error", "Dot", {m.Op("product", "Mul", {before, w}), x}), TermAt::kEveryStep);
  EXPECT_THAT(TextsOf(m.graph)["terms"],
              HasSubstr("before/next = Copy(x, over_samples=true, over_steps=true) [2] TB"));
}

TEST(AutodiffPass, RunsTheGradientOfAStateBack) {
  const std::string text = TextsOf(PlasticCore())["autodiff"];
  EXPECT_THAT(text, HasSubstr("d_hebb/carry = State() [3, 3] TB"));
  EXPECT_THAT(text, HasSubstr("state d_hebb/carry (adjoint) next d_hebb\n"));
  EXPECT_THAT(text, HasSubstr("state d_y/carry (adjoint) next d_y\n"));
  EXPECT_THAT(text, HasSubstr("gradient alpha = d_alpha\n"));
}

TEST(AutodiffPass, AddsNothingOutsideTraining) {
  EXPECT_THAT(TextsOf(PlasticCore(), false)["autodiff"], Not(HasSubstr("d_")));
}

// Found by a random graph: the state reaches the loss, but only through the condition of Where.
TEST(AutodiffPass, LeavesTheGradientOfAStateZeroThatIsOnlyACondition) {
  GraphMaker m;
  const Value w = m.Parameter("w", {2});
  const Value y = m.AddState("y", {2});
  m.Next(y, m.Op("y_next", "Mul", {m.Input("x", {2}), w}));
  m.Loss(m.Op("error", "Sum", {m.Op("chosen", "Where", {y, w, {}})}, {std::monostate{}}));
  const std::string text = TextsOf(std::move(m.graph))["autodiff"];
  EXPECT_THAT(text, HasSubstr("state d_y/carry (adjoint) next d_y/Copy\n"));
  EXPECT_THAT(text, HasSubstr("d_y/Copy = Copy(d_y/carry, over_samples=true, over_steps=true)"));
}

TEST(SimplifyPass, MakesTheGradientOfATraceOnePass) {
  const std::string text = TextsOf(PlasticCore())["simplify"];
  EXPECT_THAT(text,
              HasSubstr("d_hebb = DecayedOuter(d_hebb/carry, hebb_next/Scale, y, d_drive, alpha) [3, 3] TB"));
}

TEST(SimplifyPass, SumsOuterProductsWithoutMakingThem) {
  const std::string text = TextsOf(PlasticCore())["simplify"];
  EXPECT_THAT(text, HasSubstr("d_w = OuterSum(y, d_drive, -, over_samples=true, over_steps=true) [3, 3] @"));
  EXPECT_THAT(text,
              HasSubstr("d_alpha = OuterSum(y, d_drive, hebb, over_samples=true, over_steps=true) [3, 3] @"));
}

TEST(SimplifyPass, MergesEqualNodesButNotRandomOnes) {
  GraphMaker m;
  const Value x = m.Input("x", {4});
  const Value w = m.Parameter("w", {4});
  const Value a = m.Op("a", "Dropout", {m.Op("p", "Mul", {x, w})}, {0.5});
  const Value b = m.Op("b", "Dropout", {m.Op("q", "Mul", {x, w})}, {0.5});
  m.Loss(m.Op("error", "Dot", {a, b}));
  const std::string text = TextsOf(m.graph)["simplify"];
  EXPECT_THAT(text, Not(HasSubstr("\nq@last = ")));
  EXPECT_THAT(text, HasSubstr("a/DropoutMask@last = DropoutMask(p@last"));
  EXPECT_THAT(text, HasSubstr("b/DropoutMask@last = DropoutMask(p@last"));
}

TEST(PhasesPass, RunsOnlyTheCoreStepByStep) {
  const std::string text = TextsOf(PlasticCore())["phases"];
  EXPECT_THAT(text, HasSubstr("hebb_next/Scale = Scale(eta, factor=-1, offset=1) [] @once\n"));
  EXPECT_THAT(text, HasSubstr("encoded = MatMul(x, encoder) [3] TB @ahead\n"));
  EXPECT_THAT(text, HasSubstr("recurrent = PlasticMatMul(y, w, alpha, hebb) [3] TB @step\n"));
  EXPECT_THAT(
      text,
      HasSubstr("d_decoder = OuterSum(y_next@last, d_error/Sub@last, -, over_samples=true, over_steps=false) "
                "[3, 4] @after\n"));
  EXPECT_THAT(text,
              HasSubstr("d_encoder = OuterSum(x, d_drive, -, over_samples=true, over_steps=true) [4, 3] "
                        "@ahead adjoint\n"));
}

TEST(PhasesPass, KeepsNoMatrixForAllStepsThatItCanUseAtOnce) {
  EXPECT_THAT(
      TextsOf(PlasticCore())["phases"],
      HasSubstr("d_alpha = OuterSum(y, d_drive, hebb/before, over_samples=true, over_steps=true) [3, 3] "
                "@step adjoint\n"));
}

// The matrices of a normalization are not traces, however much larger they are than what they are made of.
TEST(PhasesPass, LeavesTheMatricesOfADecoderBehindTheLoop) {
  GraphMaker m;
  const Value x = m.Input("x", {3});
  const Value w = m.Parameter("w", {3, 3});
  const Value alpha = m.Parameter("alpha", {3, 3});
  const Value eta = m.Parameter("eta", {});
  const Value decoder = m.Parameter("decoder", {3, 40});
  const Value y = m.AddState("y", {3});
  const Value hebb = m.AddState("hebb", {3, 3});
  const Value drive = m.Op("drive", "Add", {m.Op("recurrent", "PlasticMatMul", {y, w, alpha, hebb}), x});
  const Value y_next = m.Op("y_next", "Tanh", {drive});
  m.Next(y, y_next);
  m.Next(hebb, m.Op("hebb_next", "HebbianTrace", {hebb, y, y_next, eta, {}, {}},
                    {std::int64_t{0}, std::monostate{}}));
  const Value decoded = m.Op("decoded", "MatMul", {y_next, decoder});
  const Value normed = m.Op("normed", "GroupNorm", {decoded, {}, {}}, {std::int64_t{2}, 1e-5});
  m.Loss(m.Op("error", "Sum", {m.Op("power", "Exp", {normed})}, {std::monostate{}}), TermAt::kEveryStep);
  const std::string text = TextsOf(m.graph)["phases"];
  EXPECT_THAT(text, HasSubstr("[2, 20] TB @after\n"));
  EXPECT_THAT(text, Not(HasSubstr("[2, 20] TB @step")));
  EXPECT_THAT(text,
              HasSubstr("d_hebb = DecayedOuter(d_hebb/carry, hebb_next/Scale, y, d_drive, alpha) [3, 3] TB "
                        "@step adjoint\n"));
}

TEST(TracesPass, InvertsTheUpdateInTheBackwardPass) {
  const std::string text = TextsOf(PlasticCore())["invert"];
  EXPECT_THAT(text,
              HasSubstr("hebb/before = Invert(hebb/after, hebb_next/Scale, y, y_next, eta, hebb/growth, "
                        "hebb/growth_next, -, snapshot_every=0) [3, 3] TB"));
  EXPECT_THAT(text,
              HasSubstr("d_recurrent/PlasticMatMulTransposed = PlasticMatMulTransposed(d_drive, w, alpha, "
                        "hebb/before)"));
  EXPECT_THAT(text, HasSubstr("recurrent = PlasticMatMul(y, w, alpha, hebb)"));
  EXPECT_THAT(text, HasSubstr("state hebb/after (adjoint) next hebb/before"));
}

TEST(TracesPass, GivesTheStartWhereItIsNotZero) {
  Graph graph = PlasticCore();
  graph.states[1].initial_constant = 0.5;
  EXPECT_THAT(TextsOf(graph)["invert"], HasSubstr("hebb/growth_next, hebb/FirstStep, snapshot_every=0)"));
}

TEST(TracesPass, KeepsSnapshotsForTheBackwardPassOverManySteps) {
  CompileOptions options;
  options.steps = 600;
  EXPECT_THAT(TextsOf(PlasticCore(), options)["invert"],
              HasSubstr("hebb/growth_next, hebb, snapshot_every=128)"));
}

TEST(TracesPass, KeepsATraceThatIsAnOutput) {
  CompileOptions options;
  options.steps = 3;
  options.outputs = {"hebb"};
  EXPECT_THAT(TextsOf(PlasticCore(), options)["invert"], Not(HasSubstr("Invert")));
}

TEST(TracesPass, KeepsATraceThatIsClipped) {
  EXPECT_THAT(TextsOf(PlasticCore(0.5))["invert"], Not(HasSubstr("Invert")));
}

TEST(TracesPass, InvertsNothingOutsideTraining) {
  EXPECT_THAT(TextsOf(PlasticCore(), false)["phases"], Not(HasSubstr("Invert")));
}

}  // namespace
}  // namespace plgraph
