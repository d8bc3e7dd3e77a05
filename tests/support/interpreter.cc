#include "tests/support/interpreter.h"

#include "core/random.h"
#include "graph/passes/passes.h"

namespace plgraph {

Interpreter::Interpreter(const Graph& graph, std::int64_t batch, std::int64_t steps)
    : graph_(graph), batch_(batch), steps_(steps) {
  ExpandCompositions(PlannedFor{}, graph_);
  order_ = graph_.TopologicalOrder();
}

void Interpreter::Run() {
  results_.assign(static_cast<size_t>(steps_ * batch_),
                  std::vector<Numbers>(static_cast<size_t>(graph_.size())));
  for (std::int64_t sample = 0; sample < batch_; ++sample) {
    for (std::int64_t step = 0; step < steps_; ++step) RunStep(step, sample);
  }
}

void Interpreter::RunStep(std::int64_t step, std::int64_t sample) {
  std::vector<Numbers>& results = results_[static_cast<size_t>(step * batch_ + sample)];
  for (const Value value : order_) {
    const Node& node = graph_.node(value);
    results[static_cast<size_t>(value.id)] = node.kind == NodeKind::kState ? StateBefore(value, step, sample)
                                             : node.kind == NodeKind::kOp  ? Evaluate(value, step, sample)
                                                                           : Source(node, step, sample);
  }
}

Interpreter::Numbers Interpreter::Source(const Node& node, std::int64_t step, std::int64_t sample) const {
  const Numbers& all = given_.at(node.name);
  const std::int64_t size = node.shape.NumElements();
  if (node.kind == NodeKind::kParameter) return all;
  const std::int64_t instance = node.variance.step ? step * batch_ + sample : sample;
  return {all.begin() + instance * size, all.begin() + (instance + 1) * size};
}

Interpreter::Numbers Interpreter::StateBefore(Value value, std::int64_t step, std::int64_t sample) const {
  for (const State& state : graph_.states) {
    if (state.value != value) continue;
    if (step > 0) {
      return results_[static_cast<size_t>((step - 1) * batch_ + sample)][static_cast<size_t>(state.next.id)];
    }
    if (state.initial) return given_.at(graph_.node(state.initial).name);
    return Numbers(static_cast<size_t>(graph_.node(value).shape.NumElements()), state.initial_constant);
  }
  return {};
}

Interpreter::Numbers Interpreter::Evaluate(Value value, std::int64_t step, std::int64_t sample) {
  const Node& node = graph_.node(value);
  const auto instance = static_cast<size_t>(step * batch_ + sample);
  if (node.op->name == "StopGradient" && !held_.empty())
    return held_[instance][static_cast<size_t>(value.id)];
  const std::vector<Numbers>& results = results_[instance];
  std::vector<OperandInstances<double>> operands;
  for (const Value operand : node.operands) {
    if (!operand) {
      operands.push_back({});
      continue;
    }
    const Shape& shape = graph_.node(operand).shape;
    operands.push_back({results[static_cast<size_t>(operand.id)].data(), shape.NumElements(), &shape});
  }
  Numbers result(static_cast<size_t>(node.shape.NumElements()));
  const InstanceOrigin origin = {
      .seed = 0,
      .stream = StreamId(node.name),
      .first_episode = node.variance.sample ? static_cast<std::uint64_t>(sample) : 0,
      .first_step = node.variance.step ? step : 0,
      .batch = 1};
  KernelArgs<double> args;
  args.operands = operands;
  args.result = result.data();
  args.result_stride = node.shape.NumElements();
  args.shape = &node.shape;
  args.instances = 1;
  args.attributes = node.attributes;
  args.origin = &origin;
  args.threads = &threads_;
  node.op->kernel.Run<double>(args);
  return result;
}

const Interpreter::Numbers& Interpreter::At(const std::string& name, std::int64_t step,
                                            std::int64_t sample) const {
  return results_[static_cast<size_t>(step * batch_ + sample)][static_cast<size_t>(graph_.Find(name).id)];
}

double Interpreter::TermMean(size_t index) const {
  const Term& term = graph_.terms[index];
  double sum = 0;
  for (std::int64_t sample = 0; sample < batch_; ++sample) {
    for (std::int64_t step = 0; step < steps_; ++step) {
      const std::vector<Numbers>& results = results_[static_cast<size_t>(step * batch_ + sample)];
      double weight = step == steps_ - 1 ? 1 : 0;
      if (term.at == TermAt::kEveryStep) weight = 1.0 / static_cast<double>(steps_);
      if (term.at == TermAt::kWeighted) weight = results[static_cast<size_t>(term.weight.id)][0];
      sum += weight * results[static_cast<size_t>(term.value.id)][0];
    }
  }
  return sum / static_cast<double>(batch_);
}

double Interpreter::TotalLoss() const {
  double total = 0;
  for (size_t i = 0; i < graph_.terms.size(); ++i) {
    if (graph_.terms[i].is_loss) total += graph_.terms[i].scale * TermMean(i);
  }
  return total;
}

double Interpreter::FiniteDifference(const std::string& parameter, size_t element, double h) {
  Numbers unit(given_.at(parameter).size());
  unit[element] = 1;
  return DerivativeAlong({{parameter, unit}}, h);
}

double Interpreter::DerivativeAlong(const Direction& direction, double h) {
  Run();
  held_ = std::move(results_);
  const std::map<std::string, Numbers> original = given_;
  const auto loss_at = [&](double offset) {
    for (const auto& [parameter, along] : direction) {
      for (size_t i = 0; i < along.size(); ++i) {
        given_[parameter][i] = original.at(parameter)[i] + offset * along[i];
      }
    }
    Run();
    return TotalLoss();
  };
  const double near = loss_at(h) - loss_at(-h);
  const double far = loss_at(2 * h) - loss_at(-2 * h);
  given_ = original;
  held_.clear();
  return (8 * near - far) / (12 * h);
}

}  // namespace plgraph
