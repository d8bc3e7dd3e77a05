#ifndef PLGRAPH_GRAPH_PLAN_FUSION_H_
#define PLGRAPH_GRAPH_PLAN_FUSION_H_

#include <span>
#include <string_view>
#include <vector>

#include "graph/ir/graph.h"
#include "graph/ir/kernel_args.h"
#include "graph/plan/schedule.h"

namespace plgraph {

/// A kernel that does what the kernels of several nodes would do one after the other. It gets the arguments of
/// each, in the order of Fusion::members; each call has one instance. False: it cannot for these arguments, and has
/// done nothing.
struct FusedKernel {
  bool (*run_float)(std::span<const KernelArgs<float>> members) = nullptr;
  bool (*run_double)(std::span<const KernelArgs<double>> members) = nullptr;

  template <typename T>
  bool Run(std::span<const KernelArgs<T>> members) const {
    if constexpr (sizeof(T) == sizeof(float)) {
      return run_float(members);
    } else {
      return run_double(members);
    }
  }
};

/// One op of a fusion. The names stand for values, the same name for the same value in all members.
struct FusedOp {
  std::string_view op;
  std::vector<std::string_view> operands;
  std::string_view result;
};

/// Members of a fused loop that follow each other, read the same matrices and have a kernel together, so that each
/// element is loaded once. The compiler knows of a fusion only what stands here.
struct Fusion {
  std::vector<FusedOp> members;
  /// Names whose value must be a scalar if it is there.
  std::vector<std::string_view> scalars = {};
  /// Names whose value may be absent.
  std::vector<std::string_view> optional = {};
  FusedKernel kernel;
};

/// The fusion of the most nodes at the start of `order`; null if there is none.
const Fusion* FindFusion(const Graph& graph, std::span<const ScheduledNode> order);

/// Registers a fusion at start-up.
class FusionRegistration {
 public:
  explicit FusionRegistration(const Fusion& fusion);
};

}  // namespace plgraph

/// The FusedKernel of a function template over the number type.
// NOLINTBEGIN(bugprone-macro-parentheses): the name of a template cannot stand in parentheses
#define PLGRAPH_FUSED_KERNEL(function) \
  ::plgraph::FusedKernel { &function<float>, &function<double> }
// NOLINTEND(bugprone-macro-parentheses)

/// Once for each fusion, at namespace scope.
#define PLGRAPH_REGISTER_FUSION(fusion) const ::plgraph::FusionRegistration registration_##fusion(fusion)

#endif  // PLGRAPH_GRAPH_PLAN_FUSION_H_
