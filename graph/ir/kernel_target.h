#ifndef PLGRAPH_GRAPH_IR_KERNEL_TARGET_H_
#define PLGRAPH_GRAPH_IR_KERNEL_TARGET_H_

#include <string_view>

namespace plgraph {

/// For which kind of vectors the kernels are chosen on this machine, such as "AVX2"; "" in a program without kernels.
/// Sums of floats depend on the width of the vectors.
std::string_view KernelTarget();

/// Registers at start-up what KernelTarget calls.
class KernelTargetRegistration {
 public:
  explicit KernelTargetRegistration(const char* (*target)());
};

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_IR_KERNEL_TARGET_H_
