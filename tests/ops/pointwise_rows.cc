// The rows of the functions from one number to one number.
#include <cmath>
#include <numbers>

#include "tests/ops/op_row.h"

namespace plgraph {
namespace {

using Function = std::function<double(double x, const NaiveArgs& args)>;

OpRow Row(const std::string& op, const std::vector<AttributeValue>& attributes, const Function& f,
          const SampleRange& domain = {}) {
  OpRow row;
  row.op = op;
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{7}, Shape{3, 5}, Shape{2, 1, 3, 1}}) {
    row.examples.push_back({{shape}, attributes, shape});
  }
  row.large = {{{Shape{40009}}, attributes, {40009}}, {{Shape{203, 201}}, attributes, {203, 201}}};
  row.refusals = {{{Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}}, attributes, "at most 8 axes"}};
  row.naive = [f](const NaiveArgs& args) {
    Numbers result;
    for (const double x : args[0].values) result.push_back(f(x, args));
    return result;
  };
  row.domains = {domain};
  return row;
}

double Phi(double x) { return 0.5 * (1 + std::erf(x / std::sqrt(2.0))); }

OpRow StopGradient() {
  OpRow row = Row("StopGradient", {}, [](double x, const NaiveArgs&) { return x; });
  row.zero_gradient = true;
  return row;
}

OpRow Sign() {
  OpRow row = Row("Sign", {}, [](double x, const NaiveArgs&) { return x == 0 ? 0.0 : x / std::abs(x); });
  row.zero_gradient = true;
  return row;
}

OpRow Clamp() {
  const Function clamp = [](double x, const NaiveArgs& args) {
    return std::min(std::max(x, args.Real(0)), args.Real(1));
  };
  OpRow row = Row("Clamp", {-0.75, 1.25}, clamp, {.kinks = {-0.75, 1.25}});
  row.refusals.push_back({{Shape{3}}, {1.0, -1.0}, "min is 1 but max is -1; min must not be over max"});
  row.refusals.push_back({{Shape{3}}, {std::nan(""), 1.0}, "min must not be over max"});
  return row;
}

OpRow Dropout() {  // outside training, where it is x; the gradients are those of training
  OpRow row = Row("Dropout", {0.25}, [](double x, const NaiveArgs&) { return x; });
  row.refusals.push_back({{Shape{3}}, {1.0}, "probability is 1; it must be at least 0 and under 1"});
  row.refusals.push_back({{Shape{3}}, {-0.5}, "probability is -0.5"});
  return row;
}

}  // namespace

std::vector<OpRow> PointwiseRows() {
  const SampleRange positive = {.min = 0.2, .max = 3};
  const SampleRange kink_at_0 = {.kinks = {0}};
  return {
      Row("Neg", {}, [](double x, const NaiveArgs&) { return -x; }),
      Row("Scale", {-1.75, 0.5}, [](double x, const NaiveArgs&) { return 0.5 - 1.75 * x; }),
      Row("Tanh", {}, [](double x, const NaiveArgs&) { return 1 - 2 / (std::exp(2 * x) + 1); }),
      Row("Sigmoid", {}, [](double x, const NaiveArgs&) { return std::exp(x) / (1 + std::exp(x)); }),
      Row(
          "Relu", {}, [](double x, const NaiveArgs&) { return (x + std::abs(x)) / 2; }, kink_at_0),
      Row(
          "LeakyRelu", {0.125}, [](double x, const NaiveArgs&) { return std::max(x, 0.125 * x); }, kink_at_0),
      Row(
          "LeakyRelu", {-0.5}, [](double x, const NaiveArgs&) { return std::max(x, -0.5 * x); }, kink_at_0),
      Row(
          "Elu", {0.75}, [](double x, const NaiveArgs&) { return x > 0 ? x : 0.75 * (std::exp(x) - 1); },
          kink_at_0),
      Row(
          "Elu", {-0.75}, [](double x, const NaiveArgs&) { return x > 0 ? x : 0.75 * (1 - std::exp(x)); },
          kink_at_0),
      Row(
          "Selu", {},
          [](double x, const NaiveArgs&) {
            return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * (std::exp(x) - 1));
          },
          kink_at_0),
      Row("Gelu", {}, [](double x, const NaiveArgs&) { return x * Phi(x); }),
      Row("Silu", {}, [](double x, const NaiveArgs&) { return x * std::exp(x) / (1 + std::exp(x)); }),
      Row("Softplus", {}, [](double x, const NaiveArgs&) { return std::log(1 + std::exp(x)); }),
      Row("Exp", {}, [](double x, const NaiveArgs&) { return std::pow(std::numbers::e, x); }),
      Row(
          "Log", {}, [](double x, const NaiveArgs&) { return std::log10(x) / std::log10(std::numbers::e); },
          positive),
      Row(
          "LimitedLog", {}, [](double x, const NaiveArgs&) { return std::log(x); }, positive),
      Row(
          "Sqrt", {}, [](double x, const NaiveArgs&) { return std::pow(x, 0.5); }, positive),
      Row("Square", {}, [](double x, const NaiveArgs&) { return std::pow(x, 2); }),
      Row(
          "Abs", {}, [](double x, const NaiveArgs&) { return x < 0 ? -x : x; }, kink_at_0),
      Sign(),
      Clamp(),
      StopGradient(),
      Dropout(),
  };
}

}  // namespace plgraph
