#ifndef PLGRAPH_GRAPH_IR_KERNEL_ARGS_H_
#define PLGRAPH_GRAPH_IR_KERNEL_ARGS_H_

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "core/shape.h"
#include "core/threads.h"
#include "core/vector_alternative.h"

namespace plgraph {

/// An attribute that is a repeated field.
using IntegerList = VectorAlternative<std::int64_t>;

/// An attribute as kernels see it. Enums are their numbers; monostate is an unset field without a default.
using AttributeValue = std::variant<std::monostate, bool, std::int64_t, double, IntegerList>;

/// Numbers of one operand for all instances of one kernel call. An instance is one sample at one step.
template <typename T>
struct OperandInstances {
  const T* data = nullptr;           ///< null: the optional operand is absent
  std::int64_t instance_stride = 0;  ///< 0: all instances share one value (a parameter)
  const Shape* shape = nullptr;
  /// Of a value that is there for all steps: from step to step, so that steps before this one can be read.
  std::int64_t step_stride = 0;

  explicit operator bool() const { return data != nullptr; }
  const T* Instance(std::int64_t instance) const { return data + instance * instance_stride; }
  std::int64_t size() const { return shape->NumElements(); }
};

/// Where the instances of a call stand in the run, for ops that draw random numbers.
struct InstanceOrigin {
  std::uint64_t seed = 0;
  std::uint32_t stream = 0;  ///< of the node, the same in every process
  std::uint64_t first_episode =
      0;  ///< the number of the episode in instance 0; instance i belongs to first_episode + i % batch
  std::int64_t first_step = 0;  ///< the step of instance 0; instance i belongs to first_step + i / batch
  std::int64_t batch = 1;
  std::int64_t run_samples = 1;  ///< of the whole run, whatever part of it a call has
  std::int64_t run_steps = 1;
};

/// One call of a kernel: `instances` instances, which are independent of each other but for the operands that they
/// share. Memory was checked and shapes were inferred when compiling: a kernel cannot fail and allocates nothing.
template <typename T>
struct KernelArgs {
  std::span<const OperandInstances<T>> operands;
  T* result = nullptr;
  std::int64_t result_stride =
      0;                         ///< from instance to instance; 0 when a sum has one result for all instances
  const Shape* shape = nullptr;  ///< of one instance of the result
  std::int64_t instances = 0;
  std::int64_t step = 0;  ///< of the run, from 0 on; of instance 0
  std::span<const AttributeValue> attributes;
  const InstanceOrigin* origin = nullptr;
  ThreadPool* threads = nullptr;

  const OperandInstances<T>& operand(size_t i) const { return operands[i]; }
  bool Has(size_t i) const { return i < operands.size() && operands[i].data != nullptr; }
  T* ResultInstance(std::int64_t instance) const { return result + instance * result_stride; }
  std::int64_t size() const { return shape->NumElements(); }

  double Real(size_t i) const { return std::get<double>(attributes[i]); }
  std::int64_t Integer(size_t i) const { return std::get<std::int64_t>(attributes[i]); }
  bool Flag(size_t i) const { return std::get<bool>(attributes[i]); }
};

/// The same kernel for both number types.
struct Kernel {
  void (*run_float)(const KernelArgs<float>& args) = nullptr;
  void (*run_double)(const KernelArgs<double>& args) = nullptr;

  explicit operator bool() const { return run_float != nullptr; }
  template <typename T>
  void Run(const KernelArgs<T>& args) const {
    if constexpr (sizeof(T) == sizeof(float)) {
      run_float(args);
    } else {
      run_double(args);
    }
  }
};

}  // namespace plgraph

/// The Kernel of a function template over the number type.
// NOLINTBEGIN(bugprone-macro-parentheses): the name of a template cannot stand in parentheses
#define PLGRAPH_KERNEL(function) \
  ::plgraph::Kernel { &function<float>, &function<double> }
// NOLINTEND(bugprone-macro-parentheses)

#endif  // PLGRAPH_GRAPH_IR_KERNEL_ARGS_H_
