#include "tests/ops/gradient_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/random.h"
#include "graph/compile.h"
#include "graph/ir/check.h"
#include "tests/support/graph_maker.h"

namespace plgraph {
namespace {

constexpr std::int64_t kBatch = 3;
constexpr std::int64_t kSteps = 2;

bool IsWhole(const OpRow& row, size_t operand) {
  return operand < row.domains.size() && row.domains[operand].integers;
}

Value OperandOf(GraphMaker& maker, const OpRow& row, size_t i, const Shape& shape, bool shared) {
  const std::string number = std::to_string(i);
  if (IsWhole(row, i)) return maker.Input("x" + number, shape);
  const Value parameter = maker.Parameter("p" + number, shape);
  if (shared) return parameter;
  return maker.Op("row" + number, "Add", {parameter, maker.Input("x" + number, shape)});
}

Graph MakeGraph(const OpRow& row, const Example& example, const std::vector<bool>& shared) {
  GraphMaker maker;
  std::vector<Value> operands;
  for (size_t i = 0; i < example.operands.size(); ++i) {
    operands.push_back(example.operands[i] ? OperandOf(maker, row, i, *example.operands[i], shared[i])
                                           : Value{});
  }
  const Value y = maker.Op("y", row.op, operands, example.attributes);
  const Value projection = maker.Input("projection", example.result);
  const Value projected = maker.Op("projected", "Mul", {y, projection});
  maker.Loss(maker.Op("loss", "Sum", {projected}, {std::monostate{}}), TermAt::kEveryStep);
  Diagnostics diagnostics("case");
  CheckGraph(maker.graph,
             diagnostics);  // fills in the shapes; that an op stops all gradients is not a fault here
  return std::move(maker.graph);
}

// A parameter that is added to inputs takes a part of their numbers, so that the sums are the samples.
double PartOfParameter(const std::string& parameter, size_t i) {
  return 0.1 * RandomStream(1, StreamId(parameter)).Normal(static_cast<std::uint32_t>(i));
}

}  // namespace

template <typename T>
GradientCase<T>::GradientCase(const OpRow& row, const Example& example, const std::vector<bool>& shared,
                              std::int64_t batch, std::int64_t steps, ThreadPool& threads) {
  CompileOptions options;
  options.dtype = kDTypeOf<T>;
  options.batch = batch;
  options.steps = steps;
  executable_ = Compile(MakeGraph(row, example, shared), options);
  executor_ = std::make_unique<Executor<T>>(executable_, memory_, threads);
  FillSources(row, example, shared);
}

template <typename T>
void GradientCase<T>::FillSources(const OpRow& row, const Example& example, const std::vector<bool>& shared) {
  const Graph& graph = executable_.graph;
  for (size_t operand = 0; operand < example.operands.size(); ++operand) {
    if (!example.operands[operand]) continue;
    const std::string parameter = "p" + std::to_string(operand);
    const Value input = graph.Find("x" + std::to_string(operand));
    const auto size = static_cast<size_t>(example.operands[operand]->NumElements());
    const plgraph::Numbers first = OperandSamples(row, example, operand, 0);
    for (size_t i = 0; i < size && graph.Find(parameter); ++i) {
      const double own = shared[operand] ? first[i] : PartOfParameter(parameter, i);
      Numbers(parameter)[i] = static_cast<T>(own);
    }
    if (!input) continue;
    const std::span<T> all = executor_->Input(input);
    for (size_t at = 0; at < all.size(); at += size) {
      const plgraph::Numbers samples =
          OperandSamples(row, example, operand, static_cast<std::int64_t>(at / size));
      for (size_t i = 0; i < size; ++i) {
        all[at + i] =
            static_cast<T>(samples[i] - (graph.Find(parameter) ? PartOfParameter(parameter, i) : 0));
      }
    }
  }
  const std::span<T> projection = executor_->Input(graph.Find("projection"));
  for (size_t i = 0; i < projection.size(); ++i) {
    projection[i] =
        static_cast<T>(RandomStream(2, StreamId("projection")).Normal(static_cast<std::uint32_t>(i)));
  }
}

template <typename T>
std::vector<std::string> GradientCase<T>::Parameters() const {
  std::vector<std::string> names;
  for (const ParameterGradient& g : executable_.graph.gradients) {
    names.push_back(executable_.graph.node(g.parameter).name);
  }
  return names;
}

template <typename T>
size_t GradientCase<T>::IndexOf(const std::string& parameter) const {
  const std::vector<std::string> names = Parameters();
  return static_cast<size_t>(std::find(names.begin(), names.end(), parameter) - names.begin());
}

template <typename T>
double GradientCase<T>::Loss() {
  executor_->Forward({});
  double loss = 0;
  for (std::int64_t sample = 0; sample < executable_.options.batch; ++sample) {
    loss += executor_->TermValue(0, sample) / static_cast<double>(executable_.options.batch);
  }
  return loss;
}

template <typename T>
std::vector<T> GradientCase<T>::Gradient(const std::string& parameter) {
  executor_->Forward({});
  executor_->Backward({});
  const std::span<T> gradient = executor_->Gradient(IndexOf(parameter));
  return {gradient.begin(), gradient.end()};
}

template <typename T>
std::span<T> GradientCase<T>::Numbers(const std::string& parameter) {
  return executor_->Parameter(executable_.graph.Find(parameter));
}

template class GradientCase<float>;
template class GradientCase<double>;

namespace {

double Difference(GradientCase<double>& c, double& number) {
  constexpr double kStep = 1e-5;  // so short that few steps cross a kink
  const double original = number;
  const auto loss_at = [&](double offset) {
    number = original + offset;
    return c.Loss();
  };
  const double near = loss_at(kStep) - loss_at(-kStep);
  const double far = loss_at(2 * kStep) - loss_at(-2 * kStep);
  number = original;
  return (8 * near - far) / (12 * kStep);
}

}  // namespace

std::string GradientFaults(const OpRow& row, const Example& example, const std::vector<bool>& shared) {
  ThreadPool threads(1);
  GradientCase<double> c(row, example, shared, kBatch, kSteps, threads);
  std::string faults;
  for (const std::string& parameter : c.Parameters()) {
    const std::span<double> numbers = c.Numbers(parameter);
    std::vector<double> actual = c.Gradient(parameter);
    actual.resize(numbers.size());  // no gradient is a gradient of zero
    std::vector<double> expected(numbers.size());
    double largest = 1e-3;
    for (size_t i = 0; i < numbers.size(); ++i) {
      expected[i] = row.zero_gradient ? 0 : Difference(c, numbers[i]);
      largest = std::max(largest, std::abs(expected[i]));
    }
    for (size_t i = 0; i < numbers.size(); ++i) {
      if (std::abs(actual[i] - expected[i]) <= 1e-7 * largest) continue;
      faults += fmt::format("{}: gradient of {}[{}] is {:.12g}, not {:.12g}\n",
                            Describe(row, example, shared), parameter, i, actual[i], expected[i]);
    }
  }
  return faults;
}

std::string DerivativeFaults(const OpRow& row, const Example& example, const std::vector<bool>& shared,
                             std::int64_t batch) {
  constexpr double kStep = 1e-6;
  ThreadPool threads(1);
  GradientCase<double> c(row, example, shared, batch, 1, threads);
  std::string faults;
  for (const std::string& parameter : c.Parameters()) {
    const std::span<double> numbers = c.Numbers(parameter);
    const std::vector<double> original(numbers.begin(), numbers.end());
    std::vector<double> gradient = c.Gradient(parameter);
    gradient.resize(numbers.size());  // no gradient is a gradient of zero
    const auto sign = [](size_t i) { return i * 2654435761 % 5 < 2 ? -1.0 : 1.0; };
    const auto loss_at = [&](double step) {
      for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = original[i] + step * sign(i);
      return c.Loss();
    };
    const double expected = row.zero_gradient ? 0 : (loss_at(kStep) - loss_at(-kStep)) / (2 * kStep);
    std::ranges::copy(original, numbers.begin());
    double actual = 0;
    double size = 1e-3;
    for (size_t i = 0; i < numbers.size(); ++i) {
      actual += sign(i) * gradient[i];
      size += std::abs(gradient[i]);
    }
    if (std::abs(actual - expected) <= 1e-7 * size) continue;
    faults += fmt::format("{}: derivative along a direction of {} is {:.12g}, not {:.12g}\n",
                          Describe(row, example, shared), parameter, actual, expected);
  }
  return faults;
}

}  // namespace plgraph
