// Every op of the language with up to a million elements, or a hundred thousand steps.
#include <algorithm>

#include "tests/ops/precision_row.h"
#include "tests/ops/samples.h"

namespace plgraph {
namespace {

constexpr std::int64_t kMany = 1'000'000;
constexpr std::int64_t kSide = 1000;
constexpr std::int64_t kSteps = 100'000;
constexpr auto kNone = std::nullopt;

std::vector<PrecisionRow> Pointwise() {
  std::vector<PrecisionRow> rows;
  for (const char* op : {"Neg",    "Scale", "Tanh",         "Sigmoid",  "Relu", "LeakyRelu", "Elu",
                         "Selu",   "Gelu",  "Silu",         "Softplus", "Exp",  "Log",       "Sqrt",
                         "Square", "Abs",   "StopGradient", "Dropout",  "Sign", "Clamp"}) {
    rows.push_back({op, {{Shape{kMany}}, RowOf(op).examples[0].attributes, {kMany}}});
  }
  for (const char* op : {"Add", "Sub", "Mul", "Div"}) {
    rows.push_back({op, {{Shape{kMany}, Shape{kMany}}, {}, {kMany}}});
    rows.push_back(
        {op, {{Shape{kSide, kSide}, Shape{}}, {}, {kSide, kSide}}, true});  // the gradient of b is a sum
    rows.push_back({op, {{Shape{kMany / 4, 4}, Shape{4}}, {}, {kMany / 4, 4}}, true});
  }
  return rows;
}

std::vector<PrecisionRow> Reductions() {
  std::vector<PrecisionRow> rows;
  for (const char* op : {"Sum", "Mean", "Max"}) {
    const bool of_terms = std::string(op) != "Max";
    rows.push_back({op, {{Shape{kMany}}, {Unset()}, {}}, of_terms});
    rows.push_back({op, {{Shape{kMany / 3, 3}}, {Int(0)}, {3}}, of_terms});
    rows.push_back({op, {{Shape{kSide, kSide}}, {Int(1)}, {kSide}}, of_terms});
  }
  for (const char* op : {"Softmax", "LogSoftmax"}) {
    rows.push_back({op, {{Shape{kMany}}, {Int(0)}, {kMany}}});
    rows.push_back({op, {{Shape{kMany / 2, 2}}, {Int(0)}, {kMany / 2, 2}}});
  }
  rows.push_back({"Dot", {{Shape{kMany}, Shape{kMany}}, {}, {}}, true});
  rows.push_back({"LayerNorm", {{Shape{kMany}, Shape{kMany}, Shape{kMany}}, {1e-5}, {kMany}}});
  rows.push_back({"LayerNorm", {{Shape{kSide, kSide}, Shape{kSide}, kNone}, {1e-5}, {kSide, kSide}}});
  rows.push_back({"GroupNorm", {{Shape{8, 125'000}, Shape{8}, Shape{8}}, {Int(2), 1e-5}, {8, 125'000}}});
  rows.push_back(
      {"BatchNorm",
       {{Shape{4, 500, 500}, Shape{4}, Shape{4}, Shape{4}, Shape{4}}, {1e-5, 0.1}, {4, 500, 500}}});
  return rows;
}

std::vector<PrecisionRow> Losses() {
  std::vector<PrecisionRow> rows;
  for (const char* op :
       {"SquaredError", "MeanSquaredError", "BinaryCrossEntropy", "Huber", "SignError", "Psnr"}) {
    rows.push_back({op, {{Shape{kMany}, Shape{kMany}}, RowOf(op).examples[0].attributes, {}}});
  }
  const SampleRange part = {.min = 0.05, .max = 0.95};
  rows.push_back({"BinaryCrossEntropy", {{Shape{kMany}, Shape{kMany}}, {Int(1), Int(1)}, {}}});
  rows.back().domains = {part, part};
  rows.back().only_spread = true;
  rows.push_back({"Accuracy", {{Shape{kMany}, Shape{kMany}}, {}, {}}});
  rows.push_back({"CrossEntropy", {{Shape{kMany}, Shape{kMany}}, {}, {}}, false, 1, {}, true});
  rows.push_back({"Ssim", {{Shape{kSide, kSide}, Shape{kSide, kSide}}, {4.0}, {}}});
  rows.push_back({"SquaredError", {{Shape{2}, Shape{2}}, {Int(0)}, {}}, false, kSteps, {1}});
  rows.push_back({"CrossEntropy", {{Shape{3}, Shape{3}}, {}, {}}, false, kSteps, {1}, true});
  return rows;
}

std::vector<PrecisionRow> Layouts() {
  return {
      {"Concat", {{Shape{kMany / 2}, Shape{kMany / 2}}, {Int(0)}, {kMany}}},
      {"Slice", {{Shape{kMany}}, {Int(0), Int(1), Int(kMany / 2)}, {kMany / 2}}},
      {"Reshape", {{Shape{kMany}}, {Ints({kSide, kSide})}, {kSide, kSide}}},
      {"Flatten", {{Shape{kSide, kSide}}, {}, {kMany}}},
      {"Transpose", {{Shape{kSide, kSide}}, {Ints({})}, {kSide, kSide}}},
      {"Pad", {{Shape{1, 990, 990}}, {Ints({5, 5}), Ints({}), 0.5}, {1, kSide, kSide}}},
      {"Upsample", {{Shape{1, 100, 100}}, {Int(10)}, {1, kSide, kSide}}, true},
      {"Where", {{Shape{kMany}, Shape{kMany}, Shape{}}, {}, {kMany}}, true},
      {"OneHot", {{Shape{}}, {Int(kMany)}, {kMany}}},
      {"Embedding", {{Shape{kMany / 4, 4}, Shape{}}, {}, {4}}},
      {"Embedding", {{Shape{4, 3}, Shape{}}, {}, {3}}, true, kSteps, {1}},
  };
}

std::vector<PrecisionRow> Products() {
  const auto h = [](std::int64_t n, std::int64_t m, std::optional<Shape> alpha) {
    return Example{{Shape{n}, Shape{n, m}, std::move(alpha), Shape{n, m}}, {}, {m}};
  };
  std::vector<PrecisionRow> rows = {
      {"MatMul", {{Shape{kMany / 2}, Shape{kMany / 2, 2}}, {}, {2}}, true},
      {"MatMul", {{Shape{2, kMany / 2}, Shape{kMany / 2}}, {}, {2}}, true},
      {"MatMul", {{Shape{kSide}, Shape{kSide, kSide}}, {}, {kSide}}, true},
      {"MatMul", {{Shape{3, kMany / 4}, Shape{kMany / 4, 4}}, {}, {3, 4}}, true},
      {"MatMul", {{Shape{4}, Shape{4, 3}}, {}, {3}}, true, kSteps, {0}},
      {"MatMul", {{Shape{3, 4}, Shape{4}}, {}, {3}}, true, kSteps, {1}},
      {"Outer", {{Shape{kSide}, Shape{kSide}}, {}, {kSide, kSide}}, true},
      {"Outer", {{Shape{kMany / 2}, Shape{2}}, {}, {kMany / 2, 2}}, true},
      {"PlasticMatMul", h(kMany / 2, 2, Shape{kMany / 2, 2}), true},
      {"PlasticMatMul", h(2, kMany / 2, Shape{}), true},
      {"PlasticMatMul", h(3, 4, Shape{3, 4}), true, kSteps, {0, 3}},
      {"PlasticMatMul", h(3, 4, Shape{4}), true, kSteps, {0, 3}},
      {"Add", {{Shape{4}, Shape{4}}, {}, {4}}, true, kSteps, {0}},
      {"Mul", {{Shape{4}, Shape{4}}, {}, {4}}, true, kSteps, {0}},
  };
  for (const OpRow& row : OpTable()) {
    if (row.op != "HebbianTrace") continue;
    Example example = row.examples[1];  // a factor per column
    example.result = {kSide, kSide};
    for (auto& shape : example.operands) {
      if (shape) shape = shape->rank() == 2 ? Shape{kSide, kSide} : Shape{kSide};
    }
    rows.push_back({"HebbianTrace", example});
  }
  return rows;
}

std::vector<PrecisionRow> Images() {
  const std::vector<AttributeValue> plain = {Ints({}), Ints({}), Ints({}), Int(1)};
  const std::vector<AttributeValue> padded = {Ints({}), Ints({1}), Ints({}), Int(1)};
  std::vector<AttributeValue> transposed = plain;
  transposed.push_back(Ints({}));
  std::vector<AttributeValue> strided = {Ints({2}), Ints({}), Ints({}), Int(1), Ints({})};
  return {
      {"Conv2D", {{Shape{1, kSide, kSide}, Shape{2, 1, 2, 2}, Shape{2}}, plain, {2, 999, 999}}, true},
      {"Conv2D",
       {{Shape{1, 600, 600}, Shape{2, 1, 500, 500}, kNone},
        {Ints({100}), Ints({}), Ints({}), Int(1)},
        {2, 2, 2}},
       true},
      {"Conv2D", {{Shape{kMany / 2, 1, 1}, Shape{2, kMany / 2, 1, 1}, Shape{2}}, plain, {2, 1, 1}}, true},
      {"Conv2D", {{Shape{16, 200, 200}, Shape{16, 16, 3, 3}, Shape{16}}, padded, {16, 200, 200}}, true},
      {"Conv2D", {{Shape{1, 3, 3}, Shape{2, 1, 2, 2}, Shape{2}}, plain, {2, 2, 2}}, true, kSteps, {0}},
      {"ConvTranspose2D",
       {{Shape{1, 500, 500}, Shape{1, 2, 2, 2}, Shape{2}}, strided, {2, kSide, kSide}},
       true},
      {"ConvTranspose2D",
       {{Shape{kMany / 2, 1, 1}, Shape{kMany / 2, 2, 1, 1}, kNone}, transposed, {2, 1, 1}},
       true},
      {"ConvTranspose2D",
       {{Shape{1, 2, 2}, Shape{1, 2, 2, 2}, Shape{2}}, transposed, {2, 3, 3}},
       true,
       kSteps,
       {0}},
      {"MaxPool2D", {{Shape{1, kSide, kSide}}, {Ints({2}), Ints({}), Ints({})}, {1, 500, 500}}},
      {"AvgPool2D", {{Shape{1, kSide, kSide}}, {Ints({2}), Ints({}), Ints({})}, {1, 500, 500}}, true},
      {"AvgPool2D", {{Shape{1, kSide, kSide}}, {Ints({kSide}), Ints({}), Ints({})}, {1, 1, 1}}, true},
      {"GlobalAvgPool", {{Shape{1, kSide, kSide}}, {}, {1}}, true},
  };
}

}  // namespace

const OpRow& RowOf(std::string_view op) {
  return *std::ranges::find_if(OpTable(), [&](const OpRow& row) { return row.op == op; });
}

std::string Describe(const PrecisionRow& row) {
  return Describe(RowOf(row.op), row.example) +
         (row.steps > 1 ? " of " + std::to_string(row.steps) + " steps" : "");
}

std::vector<PrecisionRow> PrecisionTable() {
  std::vector<PrecisionRow> all;
  for (const auto& rows : {Pointwise(), Reductions(), Losses(), Layouts(), Products(), Images()})
    all.insert(all.end(), rows.begin(), rows.end());
  for (PrecisionRow& row : all) {
    if (row.domains.empty()) row.domains = RowOf(row.op).domains;
  }
  return all;
}

}  // namespace plgraph
