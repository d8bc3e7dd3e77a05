// Float against double, forward and backward, for every op of the language. Prints the largest difference of each row:
//   build/tests/test_ops --gtest_filter='*Precision*'
#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/memory_budget.h"
#include "core/random.h"
#include "graph/compile.h"
#include "graph/ir/check.h"
#include "graph/run/executor.h"
#include "serialization/language/ops.pb.h"
#include "tests/ops/precision_row.h"
#include "tests/support/graph_maker.h"

namespace plgraph {
namespace {

constexpr double kMost = 1e-5;

// The results and gradients of a row, by name.
using Outcome = std::map<std::string, std::vector<double>>;

Graph MakeGraph(const PrecisionRow& row) {
  GraphMaker maker;
  const std::vector<SampleRange>& domains = row.domains;
  std::vector<Value> operands;
  for (size_t i = 0; i < row.example.operands.size(); ++i) {
    const auto& shape = row.example.operands[i];
    const bool input = (i < domains.size() && domains[i].integers) || std::ranges::count(row.inputs, i) > 0;
    operands.push_back(!shape  ? Value{}
                       : input ? maker.Input("x" + std::to_string(i), *shape)
                               : maker.Parameter("p" + std::to_string(i), *shape));
  }
  const Value y = maker.Op("y", row.op, operands, row.example.attributes);
  const Value projected = maker.Op("projected", "Mul", {y, maker.Input("projection", row.example.result)});
  maker.Loss(maker.Op("loss", "Sum", {projected}, {std::monostate{}}), TermAt::kEveryStep);
  Diagnostics diagnostics("precision");
  CheckGraph(maker.graph, diagnostics);  // that an op stops all gradients is not a fault here
  return std::move(maker.graph);
}

// A source's numbers; the double ones are those that float can hold.
template <typename T>
void FillSource(const SampleRange& domain, bool equal, bool absolute, std::uint64_t seed,
                std::span<T> numbers) {
  const RandomStream random(seed, StreamId("precision"));
  const double middle = std::clamp(0.1, domain.min, domain.max);
  for (size_t i = 0; i < numbers.size(); ++i) {
    const double u = equal ? 0 : random.Uniform(static_cast<std::uint32_t>(i));
    const double x = equal ? middle : domain.min + u * (domain.max - domain.min);
    const auto number = static_cast<T>(static_cast<float>(domain.integers ? std::round(x) : x));
    numbers[i] = absolute ? std::abs(number) : number;
  }
}

template <typename T>
Outcome OutcomeOf(const PrecisionRow& row, bool equal, bool absolute) {
  CompileOptions options;
  options.dtype = kDTypeOf<T>;
  options.steps = row.steps;
  if (row.steps == 1) options.outputs = {"y"};
  const Executable executable = Compile(MakeGraph(row), options);
  SystemMemory memory;
  ThreadPool threads(1);
  Executor<T> executor(executable, memory, threads);
  const Graph& graph = executable.graph;
  for (size_t i = 0; i < row.example.operands.size(); ++i) {
    const std::vector<SampleRange>& domains = row.domains;
    const SampleRange domain = i < domains.size() ? domains[i] : SampleRange{};
    const Value parameter = graph.Find("p" + std::to_string(i));
    const Value input = graph.Find("x" + std::to_string(i));
    if (parameter) FillSource<T>(domain, equal, absolute, i, executor.Parameter(parameter));
    if (input) FillSource<T>(domain, equal, absolute, i, executor.Input(input));
  }
  FillSource<T>({}, false, absolute, 100, executor.Input(graph.Find("projection")));
  executor.Forward({});
  executor.Backward({});
  Outcome outcome;
  if (row.of_terms) outcome["loss"] = {executor.TermValue(0, 0)};
  if (row.steps == 1) {
    const auto y = executor.Output(graph.Find("y"));
    outcome["y"].assign(y.begin(), y.end());
  }
  for (size_t i = 0; i < graph.gradients.size(); ++i) {
    const auto gradient = executor.Gradient(i);
    outcome["d_" + graph.node(graph.gradients[i].parameter).name].assign(gradient.begin(), gradient.end());
  }
  return outcome;
}

double LargestOf(const std::vector<double>& numbers) {
  double largest = 0;
  for (const double x : numbers) largest = std::max(largest, std::abs(x));
  return largest;
}

// The largest difference, as a part of what it is measured by; of a result that is zero where it should be, 0. Where
// the whole result cancels out, it is measured by `otherwise`.
double LargestDifference(const std::vector<double>& actual, const std::vector<double>& expected,
                         const std::vector<double>& terms, double otherwise) {
  const double largest = LargestOf(expected) > 0 ? LargestOf(expected) : otherwise;
  double difference = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double scale = terms.empty() ? largest : std::max(std::abs(terms[i]), std::abs(expected[i]));
    const double apart = std::abs(actual[i] - expected[i]);
    if (std::isnan(apart)) return apart;
    if (apart > 0) difference = std::max(difference, apart / scale);
  }
  return difference;
}

class Precision : public ::testing::TestWithParam<size_t> {};

TEST_P(Precision, OfFloatIsNearThatOfDouble) {
  const PrecisionRow row = PrecisionTable()[GetParam()];
  std::string line = Describe(row) + ":";
  for (const bool equal : {false, true}) {
    if (equal && row.only_spread) continue;
    const Outcome floats = OutcomeOf<float>(row, equal, false);
    const Outcome doubles = OutcomeOf<double>(row, equal, false);
    const Outcome terms = row.of_terms ? OutcomeOf<double>(row, equal, true) : Outcome{};
    double largest = 0;
    for (const auto& [name, expected] : doubles) largest = std::max(largest, LargestOf(expected));
    line += equal ? "  equal numbers:" : "  spread numbers:";
    for (const auto& [name, expected] : doubles) {
      const double difference = LargestDifference(
          floats.at(name), expected, row.of_terms ? terms.at(name) : std::vector<double>{}, largest);
      line += fmt::format(" {} {:.1e}", name, difference);
      EXPECT_LE(difference, kMost) << Describe(row) << ": " << name << (equal ? ", equal numbers" : "");
    }
  }
  fmt::print("{}\n", line);
}

INSTANTIATE_TEST_SUITE_P(Table, Precision, ::testing::Range(size_t{0}, PrecisionTable().size()),
                         [](const auto& tested) {
                           return PrecisionTable()[tested.param].op + "_" + std::to_string(tested.param);
                         });

TEST(PrecisionOfOps, HasARowForEveryOp) {
  std::set<std::string> ops;
  for (const PrecisionRow& row : PrecisionTable()) ops.insert(row.op);
  const google::protobuf::OneofDescriptor* language = NodeDef::descriptor()->FindOneofByName("op");
  for (int i = 0; i < language->field_count(); ++i) {
    EXPECT_TRUE(ops.contains(language->field(i)->message_type()->name()))
        << language->field(i)->message_type()->name() << " has no row in tests/ops/precision_rows.cc";
  }
}

}  // namespace
}  // namespace plgraph
