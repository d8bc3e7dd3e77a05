#include "serialization/language/initializer.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "serialization/formats/npy.h"
#include "tests/support/temp_folder.h"

namespace plgraph {
namespace {

ParameterDef Parameter(const std::string& initializer, const std::string& name = "w") {
  ParameterDef parameter;
  EXPECT_TRUE(
      google::protobuf::TextFormat::ParseFromString("name: \"" + name + "\" " + initializer, &parameter));
  return parameter;
}

std::vector<double> Values(const std::string& initializer, const Shape& shape, std::uint64_t seed = 1) {
  const auto files = MakePosixFileSystem();
  const Tensor tensor = InitialValue(Parameter(initializer), shape, seed, "", *files);
  EXPECT_EQ(tensor.shape(), shape);
  EXPECT_EQ(tensor.dtype(), DType::kDouble);
  return tensor.values<double>();
}

struct Moments {
  double mean = 0;
  double variance = 0;
  double low = INFINITY;
  double high = -INFINITY;
};
Moments MomentsOf(const std::vector<double>& values) {
  Moments m;
  for (const double v : values) {
    m.mean += v / static_cast<double>(values.size());
    m.low = std::min(m.low, v);
    m.high = std::max(m.high, v);
  }
  for (const double v : values)
    m.variance += (v - m.mean) * (v - m.mean) / static_cast<double>(values.size());
  return m;
}

TEST(InitialValue, ConstantsAndZeros) {
  EXPECT_THAT(Values("", {2, 2}), testing::Each(0));
  EXPECT_THAT(Values("constant {}", {3}), testing::Each(0));
  EXPECT_THAT(Values("constant { value: -2.5 }", {}), testing::ElementsAre(-2.5));
  EXPECT_THAT(Values("identity { gain: 2 }", {2, 3}), testing::ElementsAre(2, 0, 0, 0, 2, 0));
}

TEST(InitialValue, DistributionsHaveTheirMoments) {
  const Moments normal = MomentsOf(Values("normal { mean: 3 stddev: 0.5 }", {400, 400}));
  EXPECT_NEAR(normal.mean, 3, 0.005);
  EXPECT_NEAR(normal.variance, 0.25, 0.005);
  const Moments uniform = MomentsOf(Values("uniform { low: 1 high: 3 }", {400, 400}));
  EXPECT_NEAR(uniform.mean, 2, 0.01);
  EXPECT_NEAR(uniform.variance, 4.0 / 12, 0.005);
  EXPECT_GE(uniform.low, 1);
  EXPECT_LT(uniform.high, 3);
  const Moments glorot = MomentsOf(Values("glorot { gain: 2 }", {100, 400}));
  EXPECT_NEAR(glorot.variance, 4 * 2.0 / 500, 4 * 2.0 / 500 * 0.03);
  EXPECT_LE(glorot.high, std::sqrt(3 * 4 * 2.0 / 500));
  EXPECT_NEAR(MomentsOf(Values("glorot { distribution: NORMAL }", {400, 100})).variance, 2.0 / 500,
              2.0 / 500 * 0.03);
  EXPECT_NEAR(MomentsOf(Values("he {}", {400, 100})).variance, 2.0 / 400, 2.0 / 400 * 0.03);
  EXPECT_NEAR(MomentsOf(Values("he { distribution: UNIFORM }", {20, 20, 100})).variance, 2.0 / 400,
              2.0 / 400 * 0.03);
  EXPECT_NEAR(MomentsOf(Values("identity { gain: 0 stddev: 0.1 }", {300, 300})).variance, 0.01, 0.0003);
}

TEST(InitialValue, WeightsOfConvolutionsHaveTheFansOfPyTorch) {
  const Shape weight = {64, 32, 3, 5};  // fan-in 32 * 15, fan-out 64 * 15
  EXPECT_NEAR(MomentsOf(Values("he {}", weight)).variance, 2.0 / 480, 2.0 / 480 * 0.03);
  EXPECT_NEAR(MomentsOf(Values("glorot {}", weight)).variance, 2.0 / 1440, 2.0 / 1440 * 0.03);
}

void ExpectOrthogonal(const Shape& shape, double gain) {
  const std::vector<double> w = Values("orthogonal { gain: " + std::to_string(gain) + " }", shape);
  const auto rows = static_cast<size_t>(shape.dim(0));
  const size_t columns = w.size() / rows;
  const bool wide = rows <= columns;
  const size_t count = wide ? rows : columns;
  const size_t length = wide ? columns : rows;
  for (size_t a = 0; a < count; ++a) {
    for (size_t b = 0; b < count; ++b) {
      double dot = 0;
      for (size_t i = 0; i < length; ++i) {
        dot += wide ? w[a * columns + i] * w[b * columns + i] : w[i * columns + a] * w[i * columns + b];
      }
      EXPECT_NEAR(dot, a == b ? gain * gain : 0, 1e-12) << a << " " << b;
    }
  }
}

TEST(InitialValue, OrthogonalMatrices) {
  ExpectOrthogonal({20, 20}, 1);
  ExpectOrthogonal({31, 17}, 2);
  ExpectOrthogonal({17, 31}, 1);
  ExpectOrthogonal({1, 1}, 1);
  ExpectOrthogonal({8, 3, 2, 2}, 1);
  ExpectOrthogonal({16, 2, 2, 1}, 2);
}

TEST(InitialValue, DependsOnSeedAndNameAlone) {
  const auto files = MakePosixFileSystem();
  const auto value = [&](const std::string& name, std::uint64_t seed, const Shape& shape) {
    return InitialValue(Parameter("normal {}", name), shape, seed, "", *files).values<double>();
  };
  EXPECT_EQ(value("w", 1, {10}), value("w", 1, {10}));
  EXPECT_NE(value("w", 1, {10}), value("w", 2, {10}));
  EXPECT_NE(value("w", 1, {10}), value("v", 1, {10}));
  EXPECT_EQ(value("w", 1, {10}), value("w", 1, {5, 2}));
}

TEST(InitialValue, FromFile) {
  const TempFolder folder;
  const auto files = MakePosixFileSystem();
  WriteNpy(*files, folder.Path("w.npy"), Tensor({2}, std::vector<float>{1.5F, -2}));
  const ParameterDef parameter = Parameter("from_file { path: \"w.npy\" }");
  EXPECT_THAT(InitialValue(parameter, {2}, 1, folder.Path(""), *files).values<double>(),
              testing::ElementsAre(1.5, -2));
  const ParameterDef absolute = Parameter("from_file { path: \"" + folder.Path("w.npy") + "\" }");
  EXPECT_THAT(InitialValue(absolute, {2}, 1, "elsewhere", *files).values<double>(),
              testing::ElementsAre(1.5, -2));
  try {
    InitialValue(parameter, {2, 1}, 1, folder.Path(""), *files);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalid);
    EXPECT_THAT(error.what(), testing::HasSubstr("w.npy: has shape [2], but parameter \"w\" has [2, 1]"));
  }
  EXPECT_THROW(InitialValue(parameter, {2}, 1, folder.Path("nowhere"), *files), Error);
}

TEST(InitialValue, MatricesOnlyWhereFansAreNeeded) {
  const auto files = MakePosixFileSystem();
  for (const char* initializer : {"glorot {}", "he {}", "orthogonal {}", "identity {}"}) {
    EXPECT_THROW(InitialValue(Parameter(initializer), {3}, 1, "", *files), Error);
  }
}

}  // namespace
}  // namespace plgraph
