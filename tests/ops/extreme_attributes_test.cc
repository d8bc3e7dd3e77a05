// Strides, paddings, dilations and windows as large as the language takes: an op does what it does for the smallest ones
// with which its windows see the same, and it is done at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/ops/gradient_case.h"
#include "tests/ops/precision_row.h"

namespace plgraph {
namespace {

constexpr std::int64_t kMost = INT32_MAX;

void ExpectSame(std::string_view op, Example example, const std::vector<AttributeValue>& extreme) {
  ThreadPool threads(1);
  const std::vector<bool> shared = {false, true, true};
  GradientCase<float> usual(RowOf(op), example, shared, 2, 1, threads);
  example.attributes = extreme;
  GradientCase<float> other(RowOf(op), example, shared, 2, 1, threads);
  EXPECT_FLOAT_EQ(static_cast<float>(other.Loss()), static_cast<float>(usual.Loss())) << op;
  for (const std::string& parameter : usual.Parameters()) {  // how the places are cut into blocks may differ
    EXPECT_THAT(other.Gradient(parameter),
                ::testing::Pointwise(::testing::FloatNear(1e-5F), usual.Gradient(parameter)))
        << op << ": " << parameter;
  }
}

std::vector<AttributeValue> Attributes(std::int64_t stride, std::int64_t padding, std::int64_t dilation) {
  return {Ints({stride}), Ints({padding}), Ints({dilation}), Int(1)};
}

TEST(ExtremeAttributes, OfConv2D) {
  const std::vector<std::optional<Shape>> operands = {Shape{2, 9, 7}, Shape{3, 2, 3, 3}, Shape{3}};
  ExpectSame("Conv2D", {operands, Attributes(11, 0, 1), {3, 1, 1}}, Attributes(kMost, 0, 1));
  ExpectSame("Conv2D", {operands, Attributes(11, 1, 1), {3, 1, 1}}, Attributes(kMost, 1, 1));
  // Only the middle of the kernel meets the image.
  ExpectSame("Conv2D", {operands, Attributes(11, 20, 20), {3, 1, 1}}, Attributes(kMost, kMost, kMost));
  ExpectSame("Conv2D", {operands, Attributes(1, 20, 20), {3, 9, 7}}, Attributes(1, kMost, kMost));
  ExpectSame("Conv2D", {operands, Attributes(1000, 20, 20), {3, 1, 1}}, Attributes(kMost, 1 << 30, 1 << 30));
}

TEST(ExtremeAttributes, OfConvTranspose2D) {
  const std::vector<std::optional<Shape>> operands = {Shape{2, 1, 1}, Shape{2, 3, 3, 2}, Shape{3}};
  const auto with = [](std::int64_t stride, std::int64_t padding, std::int64_t dilation) {
    std::vector<AttributeValue> attributes = Attributes(stride, padding, dilation);
    attributes.push_back(Ints({}));
    return attributes;
  };
  ExpectSame("ConvTranspose2D", {operands, with(3, 0, 1), {3, 3, 2}}, with(kMost, 0, 1));
  const std::vector<std::optional<Shape>> three = {Shape{2, 5, 4}, Shape{2, 3, 3, 3}, Shape{3}};
  ExpectSame("ConvTranspose2D", {three, with(1, 20, 20), {3, 5, 4}}, with(1, kMost, kMost));
}

TEST(ExtremeAttributes, OfPooling) {
  const auto with = [](std::int64_t kernel, std::int64_t stride, std::int64_t padding) {
    return std::vector<AttributeValue>{Ints({kernel}), Ints({stride}), Ints({padding})};
  };
  for (const std::string_view op : {"MaxPool2D", "AvgPool2D"}) {
    ExpectSame(op, {{Shape{2, 9, 7}}, with(2, 11, 0), {2, 1, 1}}, with(2, kMost, 0));
    ExpectSame(op, {{Shape{2, 9, 7}}, with(101, 101, 50), {2, 1, 1}}, with(kMost, kMost, kMost / 2));
    ExpectSame(op, {{Shape{2, 9, 7}}, with(101, 1, 50), {2, 9, 7}}, with(kMost, 1, kMost / 2));
  }
}

}  // namespace
}  // namespace plgraph
