// Every op against its row in the table: shapes, numbers and gradients.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "graph/ir/op_registry.h"
#include "tests/ops/gradient_case.h"
#include "tests/ops/op_runner.h"

namespace plgraph {
namespace {

class OpTest : public ::testing::TestWithParam<size_t> {
 protected:
  const OpRow& row() const { return OpTable()[GetParam()]; }

  std::vector<Example> AllExamples() const {
    std::vector<Example> all = row().examples;
    all.insert(all.end(), row().large.begin(), row().large.end());
    return all;
  }

  Shape Infer(const std::vector<std::optional<Shape>>& operands,
              std::vector<AttributeValue> attributes) const {
    GraphMaker maker;
    std::vector<Value> values;
    values.reserve(operands.size());
    for (const auto& shape : operands) values.push_back(shape ? maker.Input("x", *shape) : Value{});
    const Value y = maker.Op("y", row().op, values, std::move(attributes));
    return InferShape(maker.graph, maker.graph.node(y));
  }

  Numbers Expected(const Example& example, const std::vector<bool>& shared, std::int64_t instance) const {
    NaiveArgs args{.operands = {}, .attributes = example.attributes, .result = example.result};
    for (size_t i = 0; i < example.operands.size(); ++i) {
      args.operands.emplace_back();
      if (!example.operands[i]) continue;
      args.operands.back() = {*example.operands[i],
                              OperandSamples(row(), example, i, shared[i] ? 0 : instance)};
    }
    return row().naive(args);
  }

  void CompareWithNaive(const Example& example, const std::vector<bool>& shared,
                        std::int64_t instances) const;
};

template <typename T>
void ExpectNear(const std::vector<T>& actual, const Numbers& expected, double tolerance,
                const std::string& where) {
  ASSERT_EQ(actual.size(), expected.size()) << where;
  for (size_t i = 0; i < actual.size(); ++i) {
    ASSERT_NEAR(actual[i], expected[i], tolerance * std::max(1.0, std::abs(expected[i])))
        << where << " at " << i;
  }
}

std::int64_t LargestSize(const Example& example) {
  std::int64_t largest = example.result.NumElements();
  for (const auto& shape : example.operands) largest = std::max(largest, shape ? shape->NumElements() : 1);
  return largest;
}

template <typename T>
bool SameBits(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return false;
  return a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

void OpTest::CompareWithNaive(const Example& example, const std::vector<bool>& shared,
                              std::int64_t instances) const {
  ThreadPool threads(1);
  const std::string where = Describe(row(), example, shared);
  OpRunner<double> runner(row(), example, shared, instances);
  const auto doubles = runner.Run(threads);
  EXPECT_FALSE(runner.WroteIntoGaps()) << where;
  const auto floats = OpRunner<float>(row(), example, shared, instances).Run(threads);
  // Each result may be a sum over as many numbers as the first operand has.
  const double terms = std::sqrt(static_cast<double>(example.operands[0]->NumElements()));
  for (size_t r = 0; r < doubles.size(); ++r) {
    const Numbers expected = Expected(example, shared, static_cast<std::int64_t>(r));
    ExpectNear(doubles[r], expected, 1e-12 * std::max(1.0, terms / 10), where);
    ExpectNear(floats[r], doubles[r], 1e-5 * std::max(1.0, terms / 3), where);
  }
}

TEST_P(OpTest, InfersTheShape) {
  for (const Example& example : AllExamples()) {
    EXPECT_EQ(Infer(example.operands, example.attributes).ToString(), example.result.ToString())
        << Describe(row(), example);
  }
}

TEST_P(OpTest, RefusesWrongShapesAndAttributes) {
  for (const Refusal& refusal : row().refusals) {
    try {
      const Shape shape = Infer(refusal.operands, refusal.attributes);
      ADD_FAILURE() << row().op << " gave " << shape.ToString() << " and not: " << refusal.message;
    } catch (const ShapeError& error) {
      EXPECT_NE(std::string(error.what()).find(refusal.message), std::string::npos)
          << error.what() << "\ndoes not say: " << refusal.message;
    }
  }
}

TEST_P(OpTest, ComputesWhatTheNaiveFormComputes) {
  for (const Example& example : row().examples) {
    for (const std::vector<bool>& shared : Sharings(example)) {
      for (const std::int64_t instances : {1, 3}) CompareWithNaive(example, shared, instances);
    }
  }
  for (const Example& example : row().large) {
    CompareWithNaive(example, std::vector<bool>(example.operands.size(), false), 1);
  }
}

TEST_P(OpTest, MayTakeOverAnOperandsMemory) {
  using InPlace = OpRunner<float>::InPlace;
  ThreadPool threads(1);
  for (const Example& example : AllExamples()) {
    for (const std::vector<bool>& shared : Sharings(example)) {
      OpRunner<float> runner(row(), example, shared, 3);
      const auto apart = runner.Run(threads);
      for (const InPlace which : {InPlace::kFirst, InPlace::kLast}) {
        const auto in_place = runner.Run(threads, which);
        for (size_t r = 0; r < apart.size(); ++r) {
          EXPECT_TRUE(SameBits(apart[r], in_place[r])) << Describe(row(), example, shared);
        }
      }
    }
  }
}

TEST_P(OpTest, ComputesTheSameBitsOnAnyNumberOfThreads) {
  ThreadPool one(1);
  ThreadPool three(3);
  for (const Example& example : AllExamples()) {
    const std::vector<bool> shared(example.operands.size(), false);
    for (const std::int64_t instances : {std::int64_t{1}, 70000 / LargestSize(example) + 1}) {
      OpRunner<float> runner(row(), example, shared, instances);
      const auto expected = runner.Run(one);
      const auto actual = runner.Run(three);
      for (size_t r = 0; r < expected.size(); ++r) {
        ASSERT_TRUE(SameBits(actual[r], expected[r])) << Describe(row(), example) << " instance " << r;
      }
    }
  }
}

TEST_P(OpTest, HasTheGradientOfFiniteDifferences) {
  for (const Example& example : row().examples) {
    for (const std::vector<bool>& shared : Sharings(example)) {
      EXPECT_EQ(GradientFaults(row(), example, shared), "");
    }
  }
}

TEST_P(OpTest, HasTheDerivativeAlongADirectionWhereItIsLarge) {
  for (const Example& example : row().large) {
    for (const std::vector<bool>& shared : Sharings(example)) {
      EXPECT_EQ(DerivativeFaults(row(), example, shared, 20000 / LargestSize(example) + 1), "");
    }
  }
}

TEST_P(OpTest, HasTheSameGradientInFloat) {
  ThreadPool threads(1);
  for (const Example& example : row().examples) {
    for (const std::vector<bool>& shared : Sharings(example)) {
      GradientCase<double> doubles(row(), example, shared, 3, 2, threads);
      GradientCase<float> floats(row(), example, shared, 3, 2, threads);
      for (const std::string& parameter : doubles.Parameters()) {
        const std::vector<double> expected = doubles.Gradient(parameter);
        const std::vector<float> actual = floats.Gradient(parameter);
        double largest = 1;
        for (const double x : expected) largest = std::max(largest, std::abs(x));
        ExpectNear(actual, expected, 1e-5 * largest, Describe(row(), example, shared));
      }
    }
  }
}

TEST_P(OpTest, HasTheSameGradientBitsOnAnyNumberOfThreads) {
  ThreadPool one(1);
  ThreadPool three(3);
  for (const Example& example : AllExamples()) {
    const std::vector<bool> shared(example.operands.size(), false);
    const std::int64_t batch = 20000 / LargestSize(example) + 1;
    GradientCase<float> expected(row(), example, shared, batch, 2, one);
    GradientCase<float> actual(row(), example, shared, batch, 2, three);
    for (const std::string& parameter : expected.Parameters()) {
      EXPECT_TRUE(SameBits(actual.Gradient(parameter), expected.Gradient(parameter)))
          << Describe(row(), example);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Table, OpTest, ::testing::Range(size_t{0}, OpTable().size()),
                         [](const auto& tested) {
                           return OpTable()[tested.param].op + "_" + std::to_string(tested.param);
                         });

}  // namespace
}  // namespace plgraph
