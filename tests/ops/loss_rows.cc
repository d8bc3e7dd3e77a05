// The rows of the losses and the metrics.
#include <algorithm>
#include <cmath>

#include "tests/ops/op_row.h"

namespace plgraph {
namespace {

constexpr std::int64_t kSum = 0;
constexpr std::int64_t kMean = 1;

using Term = std::function<double(double prediction, double target, const NaiveArgs& args)>;

// Of a term for each element, joined into one number.
OpRow Loss(const std::string& op, const std::vector<AttributeValue>& attributes, bool mean, const Term& term,
           std::vector<SampleRange> domains = {}) {
  OpRow row;
  row.op = op;
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{7}, Shape{3, 5}}) {
    row.examples.push_back({{shape, shape}, attributes, {}});
  }
  row.refusals = {
      {{Shape{3}, Shape{4}},
       attributes,
       "operand \"prediction\" has shape [3] but \"target\" has [4]; they need the same shape"},
      {{Shape{3}, Shape{}}, attributes, "\"target\" has []"},
      {{Shape{3, 1}, Shape{3}}, attributes, "operand \"prediction\" has shape [3, 1] but \"target\" has [3]"},
  };
  row.naive = [term, mean](const NaiveArgs& args) {
    double sum = 0;
    const size_t size = args[0].values.size();
    for (size_t i = 0; i < size; ++i) sum += term(args[0].values[i], args[1].values[i], args);
    return Numbers{mean ? sum / static_cast<double>(size) : sum};
  };
  row.domains = std::move(domains);
  return row;
}

double Squared(double p, double t, const NaiveArgs&) { return (p - t) * (p - t); }

OpRow Huber(double delta, std::int64_t reduction) {
  const Term term = [delta](double p, double t, const NaiveArgs&) {
    const double e = std::abs(p - t);
    return e <= delta ? e * e / 2 : delta * (e - delta / 2);
  };
  OpRow row = Loss("Huber", {delta, Int(reduction)}, reduction == kMean, term);
  row.refusals.push_back({{Shape{3}, Shape{3}}, {0.0, Int(0)}, "delta is 0; it must be over 0"});
  return row;
}

double OfLogits(double x, double t, const NaiveArgs&) {
  const double p = 1 / (1 + std::exp(-x));
  return -(t * std::log(p) + (1 - t) * std::log(1 - p));
}

double OfProbabilities(double p, double t, const NaiveArgs&) {
  return -(t * std::log(p) + (1 - t) * std::log(1 - p));
}

Numbers CrossEntropyOf(const NaiveArgs& args) {
  double sum = 0;
  for (const double x : args[0].values) sum += std::exp(x);
  double loss = 0;
  for (size_t c = 0; c < args[0].values.size(); ++c) {
    const bool distribution = args[1].shape.rank() == 1;
    const double t = distribution ? args[1].values[c] : args[1].values[0] == static_cast<double>(c) ? 1 : 0;
    loss -= t * std::log(std::exp(args[0].values[c]) / sum);
  }
  return {loss};
}

OpRow CrossEntropy() {
  return {.op = "CrossEntropy",
          .examples = {{{Shape{1}, Shape{1}}}, {{Shape{5}, Shape{5}}}, {{Shape{37}, Shape{37}}}},
          .refusals = {{{Shape{5}, Shape{4}}, {}, "operand \"target\" has shape [4]"},
                       {{Shape{5, 2}, Shape{5, 2}}, {}, "operand \"logits\" has shape [5, 2]"},
                       {{Shape{}, Shape{}}, {}, "operand \"logits\" has shape []"}},
          .naive = CrossEntropyOf,
          .domains = {{}, {.min = 0, .max = 1}}};
}

OpRow CrossEntropyOfClass() {
  return {.op = "CrossEntropy",
          .examples = {{{Shape{5}, Shape{}}}, {{Shape{17}, Shape{}}}},
          .naive = CrossEntropyOf,
          .domains = {{}, {.min = 0, .max = 4, .integers = true}}};
}

OpRow OneHot() {
  return {.op = "OneHot",
          .examples = {{{Shape{}}, {Int(3)}, {3}}, {{Shape{}}, {Int(5)}, {5}}},
          .naive =
              [](const NaiveArgs& args) {
                Numbers result;
                for (std::int64_t c = 0; c < args.result.dim(0); ++c) {
                  result.push_back(args[0].values[0] == static_cast<double>(c) ? 1 : 0);
                }
                return result;
              },
          .domains = {{.min = 0, .max = 2, .integers = true}},
          .zero_gradient = true};
}

double LargestPlace(const Numbers& x) {
  return static_cast<double>(std::max_element(x.begin(), x.end()) - x.begin());
}

OpRow Accuracy(bool of_class) {
  OpRow row;
  row.op = "Accuracy";
  for (const std::int64_t classes : {1, 3, 5}) {
    row.examples.push_back({{Shape{classes}, of_class ? Shape{} : Shape{classes}}});
  }
  row.refusals = {{{Shape{5}, Shape{4}}, {}, "operand \"target\" has shape [4]"},
                  {{Shape{}, Shape{}}, {}, "operand \"prediction\" has shape []"}};
  row.naive = [of_class](const NaiveArgs& args) {
    const double wanted = of_class ? args[1].values[0] : LargestPlace(args[1].values);
    return Numbers{LargestPlace(args[0].values) == wanted ? 1.0 : 0.0};
  };
  row.domains = {{}, {.min = 0, .max = 2, .integers = of_class}};
  row.zero_gradient = true;
  return row;
}

OpRow SignError() {
  const auto sign = [](double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; };
  OpRow row = Loss("SignError", {}, true,
                   [sign](double p, double t, const NaiveArgs&) { return sign(p) == sign(t) ? 0.0 : 1.0; });
  row.zero_gradient = true;
  row.domains = {{.min = -2, .max = 2, .integers = true}, {.min = -1, .max = 1, .integers = true}};
  return row;
}

}  // namespace

std::vector<OpRow> LossRows() {
  const SampleRange part = {.min = 0.05, .max = 0.95};
  return {
      Loss("SquaredError", {Int(kSum)}, false, Squared),
      Loss("SquaredError", {Int(kMean)}, true, Squared),
      Loss("MeanSquaredError", {}, true, Squared),
      Loss("BinaryCrossEntropy", {Int(0), Int(kSum)}, false, OfLogits, {{}, part}),
      Loss("BinaryCrossEntropy", {Int(0), Int(kMean)}, true, OfLogits, {{}, part}),
      Loss("BinaryCrossEntropy", {Int(1), Int(kSum)}, false, OfProbabilities, {part, part}),
      Loss("BinaryCrossEntropy", {Int(1), Int(kMean)}, true, OfProbabilities, {part, part}),
      Huber(5, kSum),
      Huber(0.25, kMean),
      Huber(1, kSum),
      CrossEntropy(),
      CrossEntropyOfClass(),
      OneHot(),
      SignError(),
      Accuracy(false),
      Accuracy(true),
  };
}

}  // namespace plgraph
