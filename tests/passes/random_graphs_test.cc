// Random models of up to 200 nodes and all kinds of ops: what the compiled graph computes is what the plain interpreter
// computes, and its gradients are the derivatives of the interpreter's loss. Some hundreds here; by hand
//   PLGRAPH_RANDOM_GRAPHS=10000 build/tests/test_passes --gtest_filter='RandomGraphs.*'
// and PLGRAPH_RANDOM_SEED=<the first seed> for others. A fault names its seed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <functional>
#include <optional>

#include "core/memory_budget.h"
#include "graph/compile.h"
#include "graph/ir/check.h"
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "graph/run/executor.h"
#include "tests/support/interpreter.h"
#include "tests/support/random_model.h"

namespace plgraph {
namespace {

constexpr double kValueTolerance = 1e-9;
constexpr double kGradientTolerance = 1e-6;

// What a bug of the compiler does: to the model before the passes, to the graph after one of them, or to the plan.
struct PlantedBug {
  std::function<void(Graph& model)> model = [](Graph&) {};
  std::function<void(std::string_view pass, Graph& graph)> pass = [](std::string_view, Graph&) {};
  std::function<void(Executable& executable)> plan = [](Executable&) {};
};

struct Tally {
  std::int64_t graphs = 0;
  std::int64_t nodes = 0;
  std::int64_t largest = 0;
  std::int64_t derivatives = 0;
  std::int64_t skipped = 0;  // where two step sizes disagree: a kink is near, or digits are lost
};

// One random model, compiled and beside the interpreter.
class Subject {
 public:
  Subject(std::uint64_t seed, const PlantedBug& bug)
      : seed_(seed),
        batch_(1 + static_cast<std::int64_t>(seed % 3)),
        steps_(1 + static_cast<std::int64_t>(seed / 3 % 5)),
        graph_(Checked(seed)),
        interpreter_(graph_, batch_, steps_) {
    CompileOptions options;
    options.dtype = DType::kDouble;
    options.batch = batch_;
    options.steps = steps_;
    // The only way in between two passes: the graph is that of the compiler, which is not const itself.
    PassControl control;
    // All passes, or all but one of those that only save time or memory.
    constexpr const char* kDisabled[] = {"", "", "", "pooling", "sum", "recompute", "invert"};
    if (const std::string name = kDisabled[seed % std::size(kDisabled)]; !name.empty())
      control.disabled = {name};
    control.on_pass = [&](const PassRun& run) { bug.pass(run.name, const_cast<Graph&>(run.graph)); };
    Graph model = graph_;
    bug.model(model);
    executable_ = Compile(std::move(model), options, control);
    bug.plan(executable_);
    executor_ = std::make_unique<Executor<double>>(executable_, memory_, threads_);
    FillSources();
  }

  // The first difference, or "".
  std::string Difference(Tally& tally) {
    ++tally.graphs;
    tally.nodes += graph_.size();
    tally.largest = std::max<std::int64_t>(tally.largest, graph_.size());
    interpreter_.Run();
    executor_->Forward({});
    executor_->Backward({});
    const std::string values = DifferenceOfTerms();
    return values.empty() ? DifferenceOfGradients(tally) : values;
  }

 private:
  static Graph Checked(std::uint64_t seed) {
    Graph graph = RandomModel(seed, RandomOps::kAll).Take();
    Diagnostics diagnostics("random");
    CheckGraph(graph, diagnostics);
    EXPECT_FALSE(diagnostics.has_errors()) << "seed " << seed << "\n" << diagnostics.ToString();
    return graph;
  }

  void FillSources() {
    for (int id = 0; id < graph_.size(); ++id) {
      const Node& node = graph_.node(Value{id});
      if (node.kind != NodeKind::kParameter && node.kind != NodeKind::kInput) continue;
      const Value value = executable_.graph.Find(node.name);
      const std::span<double> target =
          node.kind == NodeKind::kInput ? executor_->Input(value) : executor_->Parameter(value);
      const RandomStream random(seed_, StreamId(node.name));
      // A product with a matrix keeps the size of what it is multiplied with.
      const double width = node.shape.rank() >= 2 ? static_cast<double>(node.shape.dim(0)) : 1.0;
      for (size_t i = 0; i < target.size(); ++i) {
        target[i] = 0.7 * random.Normal(static_cast<std::uint32_t>(i)) / std::sqrt(width);
      }
      interpreter_.Set(node.name, {target.begin(), target.end()});
    }
  }

  std::string DifferenceOfTerms() {
    for (size_t i = 0; i < graph_.terms.size(); ++i) {
      double mean = 0;
      for (std::int64_t b = 0; b < batch_; ++b)
        mean += executor_->TermValue(i, b) / static_cast<double>(batch_);
      const double expected = interpreter_.TermMean(i);
      if (std::abs(mean - expected) <= kValueTolerance * std::abs(expected)) continue;
      return fmt::format("loss {} is {}, not {}", i, mean, expected);
    }
    return "";
  }

  // Along a random direction, which meets every parameter, and along some single elements.
  std::string DifferenceOfGradients(Tally& tally) {
    Interpreter::Direction all;
    std::vector<Interpreter::Direction> directions;
    const RandomStream random(seed_, StreamId("directions"));
    std::uint32_t index = 0;
    for (const ParameterGradient& gradient : executable_.graph.gradients) {
      const std::string& name = executable_.graph.node(gradient.parameter).name;
      Interpreter::Numbers& along = all[name];
      along.resize(interpreter_.Given(name).size());
      for (double& number : along) number = random.Below(index++, 2) == 0 ? -1 : 1;
    }
    directions.push_back(all);
    for (int i = 0; i < 3; ++i) {
      const size_t chosen =
          random.Below(index++, static_cast<std::uint32_t>(executable_.graph.gradients.size()));
      const std::string& name = executable_.graph.node(executable_.graph.gradients[chosen].parameter).name;
      Interpreter::Numbers unit(all[name].size());
      unit[random.Below(index++, static_cast<std::uint32_t>(unit.size()))] = 1;
      directions.push_back({{name, unit}});
    }
    const double loss = interpreter_.TotalLoss();
    for (const Interpreter::Direction& direction : directions) {
      const std::string difference = DifferenceAlong(direction, loss, tally);
      if (!difference.empty()) return difference;
    }
    return "";
  }

  std::string DifferenceAlong(const Interpreter::Direction& direction, double loss, Tally& tally) {
    ++tally.derivatives;
    const double actual = GradientAlong(direction);
    const double tolerance = kGradientTolerance * std::max(std::abs(actual), 1e-2 * std::abs(loss));
    // Steps that shrink until two agree: a kink within them is left behind, and so is what is steep.
    double before = interpreter_.DerivativeAlong(direction, 1e-2);
    for (double h = 2e-3; h > 1e-5; h /= 5) {
      const double expected = interpreter_.DerivativeAlong(direction, h);
      if (std::abs(expected - before) <= 0.3 * tolerance) {
        if (std::abs(actual - expected) <= tolerance) return "";
        return fmt::format("the gradient along {} ... is {}, not {}", direction.begin()->first, actual,
                           expected);
      }
      // A gradient that is right agrees with any difference that saw no kink.
      if (std::abs(actual - expected) <= 0.3 * tolerance) return "";
      before = expected;
    }
    ++tally.skipped;
    return "";
  }

  double GradientAlong(const Interpreter::Direction& direction) {
    double sum = 0;
    for (size_t g = 0; g < executable_.graph.gradients.size(); ++g) {
      const auto found =
          direction.find(executable_.graph.node(executable_.graph.gradients[g].parameter).name);
      if (found == direction.end()) continue;
      const std::span<const double> gradient = executor_->Gradient(g);
      for (size_t i = 0; i < gradient.size(); ++i) sum += found->second[i] * gradient[i];
    }
    return sum;
  }

  std::uint64_t seed_;
  std::int64_t batch_;
  std::int64_t steps_;
  Graph graph_;
  Interpreter interpreter_;
  Executable executable_;
  SystemMemory memory_;
  ThreadPool threads_{1};
  std::unique_ptr<Executor<double>> executor_;
};

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(RandomGraphs, AreComputedAsTheInterpreterDoes) {
  const std::uint64_t first = FromEnvironment("PLGRAPH_RANDOM_SEED", 0);
  const std::uint64_t count = FromEnvironment("PLGRAPH_RANDOM_GRAPHS", 200);
  Tally tally;
  int faults = 0;
  for (std::uint64_t seed = first; seed < first + count && faults < 10; ++seed) {
    const std::string difference = Subject(seed, {}).Difference(tally);
    if (difference.empty()) continue;
    ADD_FAILURE() << "seed " << seed << ": " << difference;
    ++faults;
  }
  fmt::print(
      "{} graphs from seed {} on, {} nodes on average, {} at most; {} derivatives, {} of them skipped\n",
      tally.graphs, first, tally.nodes / std::max<std::int64_t>(tally.graphs, 1), tally.largest,
      tally.derivatives, tally.skipped);
  EXPECT_LE(tally.skipped, tally.derivatives / 20);
}

// Whether a bug is seen by one of some graphs.
bool IsCaught(const PlantedBug& bug) {
  constexpr std::uint64_t kGraphs = 60;
  Tally tally;
  for (std::uint64_t seed = 0; seed < kGraphs; ++seed) {
    if (!Subject(seed, bug).Difference(tally).empty()) return true;
  }
  return false;
}

// Puts another definition in the place of an op.
PlantedBug WithOp(const OpDef& wrong) {
  return {.model = [&wrong](Graph& model) {
    for (int id = 0; id < model.size(); ++id) {
      Node& node = model.node(Value{id});
      if (node.op != nullptr && node.op->name == wrong.name) node.op = &wrong;
    }
  }};
}

// Does something to each node of an op that a pass leaves behind.
PlantedBug AfterPass(std::string_view after, std::string_view op,
                     const std::function<void(Graph&, Value)>& change) {
  return {.pass = [=](std::string_view pass, Graph& graph) {
    if (pass != after) return;
    for (int id = 0; id < graph.size(); ++id) {
      const Node& node = graph.node(Value{id});
      if (node.op != nullptr && node.op->name == op) change(graph, Value{id});
    }
  }};
}

TEST(RandomGraphs, CatchAnAdjointThatIsWrong) {
  OpDef tanh = GetOp("Tanh");
  tanh.adjoint = [](GradBuilder& g) { return Gradients{g.Mul(g.OutputGradient(), g.OneMinus(g.Result()))}; };
  EXPECT_TRUE(IsCaught(WithOp(tanh)));
}

TEST(RandomGraphs, CatchAGradientOfAStateThatIsLost) {
  EXPECT_TRUE(IsCaught({.pass = [](std::string_view pass, Graph& graph) {
    if (pass != "autodiff") return;
    for (State& state : graph.states) {  // what came back from the step behind is forgotten
      if (state.adjoint) state.next = state.value;
    }
  }}));
}

TEST(RandomGraphs, CatchNodesThatAreMergedThoughTheyDiffer) {
  EXPECT_TRUE(IsCaught(AfterPass("simplify", "Sub", [](Graph& graph, Value sub) {
    const std::vector<Value> operands = graph.node(sub).operands;
    if (graph.node(operands[0]).shape != graph.node(operands[1]).shape) return;
    graph.SetOperand(sub, 0, operands[1]);
    graph.SetOperand(sub, 1, operands[0]);
  })));
}

TEST(RandomGraphs, CatchATermThatIsTakenAtTheWrongStep) {
  EXPECT_TRUE(IsCaught(AfterPass(
      "terms", "LastStep", [](Graph& graph, Value last) { graph.node(last).op = &GetOp("FirstStep"); })));
}

TEST(RandomGraphs, CatchMemoryThatIsUsedTwiceAtATime) {
  EXPECT_TRUE(IsCaught({.plan = [](Executable& executable) {
    Placement* before = nullptr;
    for (int id = 0; id < executable.graph.size(); ++id) {
      Placement& placement = executable.memory.placements[Value{id}];
      if (executable.graph.node(Value{id}).kind != NodeKind::kOp || placement.offset < 0) continue;
      if (before != nullptr && before->slot_stride == placement.slot_stride &&
          before->slots == placement.slots && before->group_stride == placement.group_stride) {
        placement.offset = before->offset;
      }
      before = &placement;
    }
  }}));
}

}  // namespace
}  // namespace plgraph
