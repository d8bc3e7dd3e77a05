// What holds for the runs of every model: random models of all ops.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>

#include "core/memory_budget.h"
#include "graph/compile.h"
#include "graph/ir/check.h"
#include "graph/run/executor.h"
#include "tests/support/random_model.h"

namespace plgraph {
namespace {

using Numbers = std::vector<double>;

Graph AnyGraph() {
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1'000'000).as("seed of the model");
  Graph graph = RandomModel(seed, RandomOps::kAll).Take();
  Diagnostics diagnostics("random");
  CheckGraph(graph, diagnostics);
  RC_ASSERT(!diagnostics.has_errors());
  return graph;
}

// Some steps of some episodes. What an episode reads depends on its number alone.
struct Episodes {
  std::vector<std::int64_t> numbers;
  std::int64_t first_step = 0;
  std::int64_t steps = 1;
  bool continued = false;  // more steps follow, or have gone before
};

class ForwardRun {
 public:
  ForwardRun(const Graph& graph, const Episodes& episodes) : graph_(graph), episodes_(episodes) {
    CompileOptions options;
    options.training = false;
    options.dtype = DType::kDouble;
    options.batch = static_cast<std::int64_t>(episodes.numbers.size());
    options.steps = episodes.steps;
    options.continued = episodes.continued;
    executable_ = Compile(graph, options);
    executor_ = std::make_unique<Executor<double>>(executable_, memory_, threads_);
    for (int id = 0; id < graph.size(); ++id) FillSource(graph.node(Value{id}));
  }

  void Run() { executor_->Forward({}); }
  void GoOnFrom(ForwardRun& before) {
    std::map<std::string, std::span<double>> ends = before.StatesOfModel();
    for (const auto& [name, state] : StatesOfModel()) {
      const std::span<const double> end = ends.at(name);
      std::copy(end.begin(), end.end(), state.begin());
    }
    executor_->Forward({.first_step = episodes_.first_step, .continue_states = true});
  }

  // The losses of a sample.
  Numbers Losses(size_t sample) const {
    Numbers losses;
    for (size_t i = 0; i < graph_.terms.size(); ++i)
      losses.push_back(executor_->TermValue(i, static_cast<std::int64_t>(sample)));
    return losses;
  }
  Numbers StatesAtEnd() {
    Numbers all;
    for (const auto& [name, end] : StatesOfModel()) all.insert(all.end(), end.begin(), end.end());
    return all;
  }

 private:
  // At the end of a run. What the compiler adds depends on the forms that it chooses for this many steps.
  std::map<std::string, std::span<double>> StatesOfModel() {
    std::map<std::string, std::span<double>> states;
    for (size_t i = 0; i < executable_.graph.states.size(); ++i) {
      const Node& node = executable_.graph.node(executable_.graph.states[i].value);
      if (node.IsOfModel()) states[node.name] = executor_->StateAtEnd(i);
    }
    return states;
  }

  void FillSource(const Node& node) {
    const std::int64_t size = node.shape.NumElements();
    if (node.kind == NodeKind::kParameter) {
      const double width = node.shape.rank() >= 2 ? static_cast<double>(node.shape.dim(0)) : 1.0;
      FillInstance(node, 0, 0.7 / std::sqrt(width), executor_->Parameter(executable_.graph.Find(node.name)));
    }
    if (node.kind != NodeKind::kInput) return;
    const std::span<double> input = executor_->Input(executable_.graph.Find(node.name));
    const std::int64_t batch = executable_.options.batch;
    for (std::int64_t step = 0; step < (node.variance.step ? episodes_.steps : 1); ++step) {
      for (std::int64_t sample = 0; sample < batch; ++sample) {
        const std::int64_t at = node.variance.step ? episodes_.first_step + step : 0;
        const std::int64_t instance = 1000 * episodes_.numbers[static_cast<size_t>(sample)] + at;
        FillInstance(
            node, instance, 0.7,
            input.subspan(static_cast<size_t>((step * batch + sample) * size), static_cast<size_t>(size)));
      }
    }
  }
  static void FillInstance(const Node& node, std::int64_t instance, double deviation, std::span<double> out) {
    const RandomStream random(static_cast<std::uint64_t>(instance), StreamId(node.name));
    for (size_t i = 0; i < out.size(); ++i) out[i] = deviation * random.Normal(static_cast<std::uint32_t>(i));
  }

  const Graph& graph_;
  Episodes episodes_;
  Executable executable_;
  SystemMemory memory_;
  ThreadPool threads_{2};
  std::unique_ptr<Executor<double>> executor_;
};

void AssertClose(const Numbers& actual, const Numbers& expected) {
  RC_ASSERT(actual.size() == expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    RC_ASSERT(std::abs(actual[i] - expected[i]) <= 1e-10 * std::max(1.0, std::abs(expected[i])));
  }
}

std::vector<std::int64_t> FirstNumbers(int count) {
  std::vector<std::int64_t> numbers(static_cast<size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

RC_GTEST_PROP(RunProperties, ABatchIsItsEpisodesOneByOne, ()) {
  const Graph graph = AnyGraph();
  const auto steps = *rc::gen::inRange<std::int64_t>(1, 6);
  const std::vector<std::int64_t> numbers = FirstNumbers(*rc::gen::inRange(2, 9));
  ForwardRun batch(graph, {.numbers = numbers, .steps = steps});
  batch.Run();
  for (size_t i = 0; i < numbers.size(); ++i) {
    ForwardRun single(graph, {.numbers = {numbers[i]}, .steps = steps});
    single.Run();
    AssertClose(batch.Losses(i), single.Losses(0));
  }
}

RC_GTEST_PROP(RunProperties, ABatchInAnotherOrderHasItsResultsInThatOrder, ()) {
  const Graph graph = AnyGraph();
  const auto steps = *rc::gen::inRange<std::int64_t>(1, 6);
  const std::vector<std::int64_t> numbers = FirstNumbers(*rc::gen::inRange(2, 9));
  std::vector<std::int64_t> shuffled = numbers;
  for (size_t i = 0; i < shuffled.size(); ++i)
    std::swap(shuffled[i], shuffled[*rc::gen::inRange<size_t>(i, shuffled.size())]);
  ForwardRun in_order(graph, {.numbers = numbers, .steps = steps});
  ForwardRun in_another(graph, {.numbers = shuffled, .steps = steps});
  in_order.Run();
  in_another.Run();
  for (size_t i = 0; i < shuffled.size(); ++i)
    AssertClose(in_another.Losses(i), in_order.Losses(static_cast<size_t>(shuffled[i])));
}

RC_GTEST_PROP(RunProperties, StepsThatGoOnAreStepsInOneRun, ()) {
  const Graph graph = AnyGraph();
  const auto first = *rc::gen::inRange<std::int64_t>(1, 5);
  const auto second = *rc::gen::inRange<std::int64_t>(1, 5);
  const std::vector<std::int64_t> numbers = FirstNumbers(*rc::gen::inRange(1, 5));
  ForwardRun whole(graph, {.numbers = numbers, .steps = first + second, .continued = true});
  ForwardRun start(graph, {.numbers = numbers, .steps = first, .continued = true});
  ForwardRun rest(graph, {.numbers = numbers, .first_step = first, .steps = second, .continued = true});
  whole.Run();
  start.Run();
  rest.GoOnFrom(start);
  AssertClose(rest.StatesAtEnd(), whole.StatesAtEnd());
}

}  // namespace
}  // namespace plgraph
