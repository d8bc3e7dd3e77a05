// The rows of the ops that join the elements along an axis, or of a whole value.
#include <algorithm>
#include <cmath>

#include "tests/ops/op_row.h"

namespace plgraph {
namespace {

std::int64_t ResolvedAxis(const NaiveArgs& args, size_t attribute) {
  return (args.Integer(attribute) + args[0].shape.rank()) % args[0].shape.rank();
}

// The elements of x that meet at a place of the result: those along the axis, or all.
Numbers ElementsAt(const NaiveArgs& args, Index place) {
  if (!args.HasAttribute(0)) return args[0].values;
  const std::int64_t axis = ResolvedAxis(args, 0);
  Numbers elements;
  for (std::int64_t k = 0; k < args[0].shape.dim(static_cast<int>(axis)); ++k) {
    Index full = place;
    full.insert(full.begin() + axis, k);
    elements.push_back(args[0].At(full));
  }
  return elements;
}

OpRow Reduction(const std::string& op, double (*join)(const Numbers& elements)) {
  OpRow row;
  row.op = op;
  row.examples = {
      {{Shape{}}, {Unset()}, {}},
      {{Shape{1}}, {Int(0)}, {}},
      {{Shape{7}}, {Int(-1)}, {}},
      {{Shape{7}}, {Unset()}, {}},
      {{Shape{3, 5}}, {Unset()}, {}},
      {{Shape{3, 5}}, {Int(0)}, {5}},
      {{Shape{3, 5}}, {Int(1)}, {3}},
      {{Shape{2, 3, 4}}, {Int(1)}, {2, 4}},
      {{Shape{2, 3, 4}}, {Int(-3)}, {3, 4}},
      {{Shape{2, 3, 37}}, {Int(2)}, {2, 3}},
      {{Shape{1, 3}}, {Int(0)}, {3}},
      {{Shape{3, 1}}, {Int(1)}, {3}},
  };
  row.refusals = {
      {{Shape{}}, {Int(0)}, "operand \"x\" has shape [] but axis is 0; a scalar has no axis"},
      {{Shape{3, 5}}, {Int(2)}, "operand \"x\" has shape [3, 5] but axis is 2; axis must be from -2 to 1"},
      {{Shape{3, 5}}, {Int(-3)}, "axis is -3"},
  };
  row.naive = [join](const NaiveArgs& args) {
    Numbers result;
    for (const Index& place : IndicesOf(args.result)) result.push_back(join(ElementsAt(args, place)));
    return result;
  };
  row.large = {
      {{Shape{40009}}, {Unset()}, {}},
      {{Shape{401, 101}}, {Int(0)}, {101}},
      {{Shape{401, 101}}, {Int(1)}, {401}},
      {{Shape{5, 401, 23}}, {Int(1)}, {5, 23}},
  };
  return row;
}

double SumOf(const Numbers& elements) {
  double sum = 0;
  for (const double x : elements) sum += x;
  return sum;
}

OpRow Normalised(const std::string& op, bool logarithm) {
  OpRow row;
  row.op = op;
  for (const auto& [shape, axis] : std::vector<std::pair<Shape, std::int64_t>>{
           {{1}, 0}, {{7}, -1}, {{3, 5}, 0}, {{3, 5}, 1}, {{2, 3, 4}, 1}, {{2, 1, 3}, -2}}) {
    row.examples.push_back({{shape}, {Int(axis)}, shape});
  }
  row.refusals = {
      {{Shape{}}, {Int(-1)}, "operand \"x\" has shape [] but axis is -1; a scalar has no axis"},
      {{Shape{4}}, {Int(1)}, "operand \"x\" has shape [4] but axis is 1; axis must be from -1 to 0"}};
  row.naive = [logarithm](const NaiveArgs& args) {
    const size_t axis = static_cast<size_t>(ResolvedAxis(args, 0));
    Numbers result;
    for (const Index& place : IndicesOf(args.result)) {
      double sum = 0;
      Index other = place;
      for (other[axis] = 0; other[axis] < args.result.dims()[axis]; ++other[axis]) {
        sum += std::exp(args[0].At(other));
      }
      const double probability = std::exp(args[0].At(place)) / sum;
      result.push_back(logarithm ? std::log(probability) : probability);
    }
    return result;
  };
  row.large = {{{Shape{401, 101}}, {Int(0)}, {401, 101}}, {{Shape{401, 101}}, {Int(1)}, {401, 101}}};
  return row;
}

OpRow Dot() {
  OpRow row;
  row.op = "Dot";
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{7}, Shape{37}, Shape{3, 5}}) {
    row.examples.push_back({{shape, shape}, {}, {}});
  }
  row.refusals = {
      {{Shape{3}, Shape{4}}, {}, "operand \"a\" has shape [3] but \"b\" has [4]; they need the same shape"},
      {{Shape{3}, Shape{3, 1}}, {}, "they need the same shape"}};
  row.naive = [](const NaiveArgs& args) {
    double sum = 0;
    for (size_t i = 0; i < args[0].values.size(); ++i) sum += args[0].values[i] * args[1].values[i];
    return Numbers{sum};
  };
  return row;
}

Numbers LayerNormOf(const NaiveArgs& args) {
  const auto last = static_cast<size_t>(args.result.dims().back());
  Numbers result = args[0].values;
  for (size_t start = 0; start < result.size(); start += last) {
    double mean = 0;
    double variance = 0;
    for (size_t k = 0; k < last; ++k) mean += args[0].values[start + k] / static_cast<double>(last);
    for (size_t k = 0; k < last; ++k) {
      variance += std::pow(args[0].values[start + k] - mean, 2) / static_cast<double>(last);
    }
    for (size_t k = 0; k < last; ++k) {
      const double normal = (args[0].values[start + k] - mean) / std::sqrt(variance + args.Real(0));
      result[start + k] =
          normal * (args.Has(1) ? args[1].values[k] : 1) + (args.Has(2) ? args[2].values[k] : 0);
    }
  }
  return result;
}

OpRow LayerNorm() {
  const std::vector<AttributeValue> epsilon = {1e-3};
  return {
      .op = "LayerNorm",
      .examples = {{{Shape{5}, Shape{5}, Shape{5}}, epsilon, {5}},
                   {{Shape{3, 7}, Shape{7}, Shape{7}}, epsilon, {3, 7}},
                   {{Shape{3, 7}, std::nullopt, Shape{7}}, epsilon, {3, 7}},
                   {{Shape{3, 7}, Shape{7}, std::nullopt}, epsilon, {3, 7}},
                   {{Shape{2, 2, 3}, std::nullopt, std::nullopt}, epsilon, {2, 2, 3}},
                   {{Shape{3, 1}, Shape{1}, Shape{1}}, epsilon, {3, 1}}},
      .refusals = {{{Shape{}, std::nullopt, std::nullopt},
                    epsilon,
                    "operand \"x\" has shape []; it needs at least one"},
                   {{Shape{3, 7}, Shape{3}, std::nullopt},
                    epsilon,
                    "operand \"gain\" has shape [3] but \"x\" has [3, 7]"},
                   {{Shape{7}, std::nullopt, Shape{1}},
                    epsilon,
                    "bias must have the shape [7] of the last axis"},
                   {{Shape{7}, std::nullopt, std::nullopt}, {-1.0}, "epsilon is -1; it must not be under 0"}},
      .naive = LayerNormOf,
  };
}

}  // namespace

std::vector<OpRow> ReductionRows() {
  return {
      Reduction("Sum", SumOf),
      Reduction("Mean", [](const Numbers& x) { return SumOf(x) / static_cast<double>(x.size()); }),
      Reduction("Max", [](const Numbers& x) { return *std::max_element(x.begin(), x.end()); }),
      Normalised("Softmax", false),
      Normalised("LogSoftmax", true),
      Dot(),
      LayerNorm(),
  };
}

}  // namespace plgraph
