#ifndef PLGRAPH_GRAPH_RUN_INSTRUCTION_H_
#define PLGRAPH_GRAPH_RUN_INSTRUCTION_H_

#include <cstdint>
#include <vector>

#include "graph/ir/kernel_args.h"
#include "graph/plan/executable.h"
#include "graph/run/call_observer.h"
#include "graph/run/profile.h"
#include "graph/run/run_context.h"

namespace plgraph {

/// One value of an instruction, ready to be found at any step.
struct Place {
  Placement placement;
  Variance variance;
  std::int64_t instance_size = 0;  ///< elements of one instance
  std::int64_t every = 0;  ///< over 0: read as it was at the last multiple of so many steps (OpDef::snapshot)

  /// Where its numbers are at a step, from a sample on; in elements from the start of the arena.
  std::int64_t At(std::int64_t step, std::int64_t sample) const {
    const std::int64_t of_step = every > 0 ? step - step % every : step;
    return placement.AtStep(of_step) + sample * placement.instance_stride;
  }
};

/// One node, ready to run. The arguments of its kernel point into it: once they are bound it keeps its address.
template <typename T>
struct Instruction {
  Instruction(const Executable& executable, const ScheduledNode& scheduled);
  void Bind(ThreadPool& threads);

  const Node* node = nullptr;
  std::vector<Place> operands;
  Place result;
  std::vector<OperandInstances<T>> operand_instances;
  InstanceOrigin origin;
  KernelArgs<T> args;
  std::int64_t instances_per_step = 1;
  std::int64_t steps = 1;               ///< how often it runs in a batched phase
  bool one_batch = false;               ///< all its steps are one call
  bool pipelined = false;               ///< as in ScheduledNode
  int fused_loop = -1;                  ///< as in ScheduledNode
  int block = -1;                       ///< as in ScheduledNode
  std::int64_t totals = -1;             ///< offset of the totals of a sum over many steps; -1: it has none
  std::int64_t block_instances = 0;     ///< of such a sum, since they were moved to the totals
  bool skip = false;                    ///< not for the samples at hand
  CallObserver<T>* observer = nullptr;  ///< null: nobody looks
  NodeProfile* profile = nullptr;       ///< counts its calls; null: nobody does

  /// Lets the arguments point at the numbers of a step, from a sample on.
  void PointAt(T* base, const RunContext& context, std::int64_t step, std::int64_t sample);
  void Run(const Clock* clock) const;
  /// In the profile, as a call of its kernel.
  void Count() const;
  TimeSpent* spent() const { return profile == nullptr ? nullptr : &profile->spent; }
  /// Clears the result of a sum over steps; one over the samples of each step is cleared by Run.
  void Clear(T* base);
  /// After each call: moves a sum over many steps to its totals when enough instances were added.
  void CountInstances(T* base);
  /// After the last call: the sum as a whole.
  void TakeTotals(T* base) const;

 private:
  double* TotalsAt(T* base) const { return reinterpret_cast<double*>(base + totals); }
  std::int64_t SumSize() const { return result.placement.slots * result.placement.slot_stride; }
};

extern template struct Instruction<float>;
extern template struct Instruction<double>;

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_RUN_INSTRUCTION_H_
