#ifndef PLGRAPH_TESTS_OPS_OP_RUNNER_H_
#define PLGRAPH_TESTS_OPS_OP_RUNNER_H_

#include <algorithm>
#include <limits>
#include <vector>

#include "core/random.h"
#include "core/threads.h"
#include "graph/ir/infer.h"
#include "graph/passes/passes.h"
#include "tests/ops/samples.h"
#include "tests/support/graph_maker.h"

namespace plgraph {

/// Calls the kernels of one op, or of what it is composed of, on several instances at once: the contract of KernelArgs
/// without a compiler and an executor. Instances lie `kGap` elements apart, which must stay as they are.
template <typename T>
class OpRunner {
 public:
  OpRunner(const OpRow& row, const Example& example, const std::vector<bool>& shared, std::int64_t instances)
      : row_(row), example_(example), instances_(instances) {
    GraphMaker maker;
    std::vector<Value> operands;
    for (size_t i = 0; i < example.operands.size(); ++i) {
      if (!example.operands[i]) {
        operands.emplace_back();
        continue;
      }
      const std::string name = "x" + std::to_string(i);
      operands.push_back(shared[i] ? maker.Parameter(name, *example.operands[i])
                                   : maker.Input(name, *example.operands[i]));
    }
    maker.Op("y", row.op, operands, example.attributes);
    graph_ = std::move(maker.graph);
    InferShapes(graph_);
    ExpandCompositions(PlannedFor{.training = false}, graph_);
    DropTrainingOps(PlannedFor{.training = false}, graph_);
  }

  const Shape& shape() const { return graph_.node(graph_.Find("y")).shape; }

  /// The result for each instance; one instance if all operands are shared. With `in_place` an operand whose memory the
  /// result may take over is there already: the last that fits, or with `first` the first.
  enum class InPlace { kNo, kFirst, kLast };
  std::vector<std::vector<T>> Run(ThreadPool& threads, InPlace in_place = InPlace::kNo) {
    buffers_.assign(static_cast<size_t>(graph_.size()), {});
    for (const Value value : graph_.TopologicalOrder()) {
      if (graph_.node(value).kind == NodeKind::kOp) {
        Compute(value, threads, in_place);
      } else {
        Fill(value);
      }
    }
    return ResultInstances();
  }

  /// Whether anything was written between the instances by the last Run.
  bool WroteIntoGaps() const {
    for (size_t id = 0; id < buffers_.size(); ++id) {
      const std::int64_t size = graph_.node(Value{static_cast<std::int32_t>(id)}).shape.NumElements();
      for (size_t i = 0; i < buffers_[id].size(); ++i) {
        const bool in_gap = static_cast<std::int64_t>(i) % (size + kGap) >= size;
        if (in_gap && buffers_[id][i] != kMark) return true;
      }
    }
    return false;
  }

 private:
  static constexpr std::int64_t kGap = 3;
  static constexpr T kMark = 12345;

  std::int64_t InstancesOf(Value value) const {
    return graph_.node(value).variance == Variance{} ? 1 : instances_;
  }
  std::int64_t StrideOf(Value value) const {
    return graph_.node(value).variance == Variance{} ? 0 : graph_.node(value).shape.NumElements() + kGap;
  }
  std::vector<T>& Buffer(Value value) { return buffers_[static_cast<size_t>(value.id)]; }
  void MakeBuffer(Value value) {
    const std::int64_t size = graph_.node(value).shape.NumElements() + kGap;
    Buffer(value).assign(static_cast<size_t>(InstancesOf(value) * size), kMark);
  }

  void Fill(Value value) {
    MakeBuffer(value);
    const size_t operand = static_cast<size_t>(std::stoi(graph_.node(value).name.substr(1)));
    for (std::int64_t instance = 0; instance < InstancesOf(value); ++instance) {
      const Numbers samples = OperandSamples(row_, example_, operand, instance);
      std::transform(samples.begin(), samples.end(), Buffer(value).begin() + instance * StrideOf(value),
                     [](double x) { return static_cast<T>(x); });
    }
  }

  void Compute(Value value, ThreadPool& threads, InPlace in_place) {
    MakeBuffer(value);
    const Node& node = graph_.node(value);
    std::vector<OperandInstances<T>> operands;
    for (const Value operand : node.operands) {
      operands.push_back({});
      if (operand) operands.back() = {Buffer(operand).data(), StrideOf(operand), &graph_.node(operand).shape};
    }
    const int taken = TakenOver(node, value, in_place);
    if (taken >= 0) {
      Buffer(value) = Buffer(node.operands[static_cast<size_t>(taken)]);
      operands[static_cast<size_t>(taken)].data = Buffer(value).data();
    }
    const InstanceOrigin origin = {.stream = StreamId(node.name), .batch = instances_};
    KernelArgs<T> args;
    args.operands = operands;
    args.result = Buffer(value).data();
    args.result_stride = StrideOf(value);
    args.shape = &node.shape;
    args.instances = InstancesOf(value);
    args.attributes = node.attributes;
    args.origin = &origin;
    args.threads = &threads;
    node.op->kernel.Run<T>(args);
  }

  int TakenOver(const Node& node, Value value, InPlace in_place) const {
    int taken = -1;
    if (in_place == InPlace::kNo) return taken;
    for (const int i : node.op->inplace) {
      const Value operand = node.operands[static_cast<size_t>(i)];
      if (!operand || graph_.node(operand).shape.NumElements() != node.shape.NumElements()) continue;
      if (StrideOf(operand) != StrideOf(value)) continue;
      if (taken < 0 || in_place == InPlace::kLast) taken = i;
    }
    return taken;
  }

  std::vector<std::vector<T>> ResultInstances() {
    const Value y = graph_.Find("y");
    std::vector<std::vector<T>> instances;
    for (std::int64_t instance = 0; instance < InstancesOf(y); ++instance) {
      const auto begin = Buffer(y).begin() + instance * StrideOf(y);
      instances.emplace_back(begin, begin + graph_.node(y).shape.NumElements());
    }
    return instances;
  }

  const OpRow& row_;
  const Example& example_;
  std::int64_t instances_;
  Graph graph_;
  std::vector<std::vector<T>> buffers_;
};

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_OPS_OP_RUNNER_H_
