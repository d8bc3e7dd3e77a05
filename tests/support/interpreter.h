#ifndef PLGRAPH_TESTS_SUPPORT_INTERPRETER_H_
#define PLGRAPH_TESTS_SUPPORT_INTERPRETER_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/threads.h"
#include "graph/ir/graph.h"

namespace plgraph {

/// The reference: runs a model's graph as it was written (only compositions are replaced), one sample after the
/// other, one step after the other, one node after the other, in double. No phases, no plan, no shared memory, no
/// adjoint. What the compiled graph computes must be what this computes.
class Interpreter {
 public:
  using Numbers = std::vector<double>;

  /// `graph` must have passed CheckGraph.
  Interpreter(const Graph& graph, std::int64_t batch, std::int64_t steps);

  /// Row-major numbers of a parameter; of an input [steps, batch, shape] or [batch, shape].
  void Set(const std::string& name, Numbers numbers) { given_[name] = std::move(numbers); }
  const Numbers& Given(const std::string& name) const { return given_.at(name); }

  /// Runs one episode for each sample.
  void Run();

  /// After Run: a value of the model at a step of a sample.
  const Numbers& At(const std::string& name, std::int64_t step, std::int64_t sample) const;
  /// After Run: the mean over the batch of the losses, each by its scale.
  double TotalLoss() const;
  /// After Run: the mean over the batch of a loss or metric, by its position in Graph::terms.
  double TermMean(size_t index) const;

  /// The gradient of TotalLoss with respect to one element of a parameter, by central differences of fourth order.
  double FiniteDifference(const std::string& parameter, size_t element, double h = 1e-3);

  /// A direction in the space of all parameters that it names.
  using Direction = std::map<std::string, Numbers>;
  /// The derivative of TotalLoss along a direction, by central differences of fourth order. What a StopGradient gives
  /// is held, as no gradient flows through it.
  double DerivativeAlong(const Direction& direction, double h);

 private:
  void RunStep(std::int64_t step, std::int64_t sample);
  Numbers Source(const Node& node, std::int64_t step, std::int64_t sample) const;
  Numbers Evaluate(Value value, std::int64_t step, std::int64_t sample);
  Numbers StateBefore(Value value, std::int64_t step, std::int64_t sample) const;

  Graph graph_;
  std::vector<Value> order_;
  std::int64_t batch_;
  std::int64_t steps_;
  ThreadPool threads_{1};
  std::map<std::string, Numbers> given_;
  std::vector<std::vector<Numbers>> results_;  // [step * batch + sample][node]
  std::vector<std::vector<Numbers>> held_;     // those from which a difference is taken; none in a plain run
};

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_SUPPORT_INTERPRETER_H_
