#ifndef PLGRAPH_TOOLS_TRAINING_FIRST_FAULT_H_
#define PLGRAPH_TOOLS_TRAINING_FIRST_FAULT_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <vector>

#include "graph/ir/node_map.h"
#include "graph/run/call_observer.h"

namespace plgraph {

/// The smallest and the largest number of an operand, NaN left out.
struct NumberRange {
  float low = std::numeric_limits<float>::infinity();
  float high = -std::numeric_limits<float>::infinity();
};

/// The first result of a run that was not finite.
struct Fault {
  const Node* node = nullptr;
  size_t element = 0;
  float value = 0;
  std::optional<std::int64_t> step = {};      ///< of the episode; none if the result is not one of a step
  std::optional<std::uint64_t> episode = {};  ///< none if the result is not one of a sample
  std::vector<NumberRange> operands = {};     ///< as in the node, of the instance that made the result
};

/// For each node of a compiled graph, whether a loss or a gradient depends on it, at any step.
NodeMap<bool> LeadsToTraining(const Graph& graph);

/// Keeps the first result that is not finite of the calls that it sees.
class FirstFault : public CallObserver<float> {
 public:
  /// Looks only at what the losses and gradients of a compiled graph, which must outlive it, depend on.
  explicit FirstFault(const Graph& graph);

  void Before(const Node& node, const KernelArgs<float>& args) override;
  void After(const Node& node, const KernelArgs<float>& args) override;

  const std::optional<Fault>& fault() const { return fault_; }

 private:
  bool LooksAt(const Node& node) const { return !fault_ && looked_at_.contains(&node); }

  std::set<const Node*> looked_at_;
  std::vector<std::vector<NumberRange>> ranges_;  // of the call at hand, by operand and instance
  std::optional<Fault> fault_;
};

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_FIRST_FAULT_H_
