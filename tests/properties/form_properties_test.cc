// Whatever form the traces of a model have, its losses and gradients are the same: random models of all ops, and every
// form that the table allows.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/memory_budget.h"
#include "core/random.h"
#include "graph/compile.h"
#include "graph/ir/check.h"
#include "graph/run/executor.h"
#include "tests/support/random_model.h"

namespace plgraph {
namespace {

using Numbers = std::vector<double>;

void Fill(const Node& node, std::span<double> numbers) {
  const double width = node.shape.rank() >= 2 ? static_cast<double>(node.shape.dim(0)) : 1.0;
  const RandomStream random(7, StreamId(node.name));
  for (size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = 0.7 / std::sqrt(width) * random.Normal(static_cast<std::uint32_t>(i));
}

// The losses and gradients of two runs, one after the other.
Numbers NumbersOf(const Executable& executable) {
  SystemMemory memory;
  ThreadPool threads(2);
  Executor<double> executor(executable, memory, threads);
  const Graph& graph = executable.graph;
  for (int id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(Value{id});
    if (node.kind == NodeKind::kParameter) Fill(node, executor.Parameter(Value{id}));
    if (node.kind == NodeKind::kInput) Fill(node, executor.Input(Value{id}));
  }
  Numbers numbers;
  for (const bool second : {false, true}) {
    const RunContext context = {.continue_states = second && executable.options.continued};
    executor.Forward(context);
    executor.Backward(context);
    for (size_t i = 0; i < graph.terms.size(); ++i) {
      for (std::int64_t sample = 0; sample < executable.options.batch; ++sample)
        numbers.push_back(executor.TermValue(i, sample));
    }
    for (size_t g = 0; g < graph.gradients.size(); ++g) {
      const std::span<const double> gradient = executor.Gradient(g);
      numbers.insert(numbers.end(), gradient.begin(), gradient.end());
    }
  }
  return numbers;
}

void AssertClose(const Numbers& actual, const Numbers& expected) {
  RC_ASSERT(actual.size() == expected.size());
  double largest = 1;
  for (const double number : expected) largest = std::max(largest, std::abs(number));
  if (!std::isfinite(largest)) return;  // some random models overflow, in any form
  for (size_t i = 0; i < actual.size(); ++i) RC_ASSERT(std::abs(actual[i] - expected[i]) <= 1e-8 * largest);
}

RC_GTEST_PROP(FormProperties, EveryFormOfATraceHasTheSameNumbers, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1'000'000).as("seed of the model");
  Graph graph = RandomModel(seed, RandomOps::kAll).Take();
  Diagnostics diagnostics("random");
  CheckGraph(graph, diagnostics);
  RC_ASSERT(!diagnostics.has_errors());
  CompileOptions options = {.dtype = DType::kDouble,
                            .batch = *rc::gen::inRange<std::int64_t>(1, 4).as("batch"),
                            .steps = *rc::gen::inRange<std::int64_t>(1, 25).as("steps"),
                            .continued = *rc::gen::arbitrary<bool>().as("continued")};
  PassControl plain;
  plain.disabled = {"sum", "recompute", "invert"};
  const Numbers expected = NumbersOf(Compile(graph, options, plain));
  const Executable own = Compile(graph, options);
  AssertClose(NumbersOf(own), expected);
  for (const TraceChoice& choice : own.graph.trace_choices) {
    for (int i = 0; i < kFormCount; ++i) {
      const auto form = static_cast<ChosenForm>(i);
      if (!choice.option(form).why_not.empty()) continue;
      options.trace_forms = {{choice.trace, form}};
      const Executable forced = Compile(graph, options);
      RC_CLASSIFY(true, std::string(NameOf(form)));
      AssertClose(NumbersOf(forced), expected);
    }
  }
}

}  // namespace
}  // namespace plgraph
