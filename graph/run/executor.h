#ifndef PLGRAPH_GRAPH_RUN_EXECUTOR_H_
#define PLGRAPH_GRAPH_RUN_EXECUTOR_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "core/threads.h"
#include "graph/plan/executable.h"
#include "graph/run/call_observer.h"
#include "graph/run/run_context.h"

namespace plgraph {

class MemoryBudget;
class Profile;

/// Runs an executable. All its memory is one arena, taken when it is made; a run allocates nothing.
/// The spans stay valid as long as the executor.
template <typename T>
class Executor {
 public:
  /// Throws Error(kRuntime) when the budget does not have the memory. `executable` must outlive the executor.
  Executor(const Executable& executable, MemoryBudget& budget, ThreadPool& threads);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  const Executable& executable() const;

  /// A parameter's numbers, row-major.
  std::span<T> Parameter(Value parameter);
  /// By the position in Graph::gradients: the gradient of the mean loss of the last Backward.
  std::span<T> Gradient(size_t index);
  /// With accumulate: the sum of gradients, which the caller clears and fills.
  std::span<T> GradientSum(size_t index);
  /// By the position in Graph::gradients; slot < options.optimizer_slots.
  std::span<T> OptimizerSlot(size_t index, int slot);
  /// What a run reads: [steps, batch, shape], or [batch, shape] for an input with one value an episode.
  std::span<T> Input(Value input);
  /// The value that a state (by its position in Graph::states; not an adjoint state) had at the end of the
  /// last run, [batch, shape]; writing it decides what a kept state starts with.
  std::span<T> StateAtEnd(size_t index);
  /// Every state to its initial value, kept ones too; done when the executor is made.
  void ResetStates();
  /// A value listed in options.outputs after a run: [steps, batch, shape], without the axes along which it
  /// has only one instance (Node::variance).
  std::span<const T> Output(Value value) const;

  /// Where the time of the runs from here on is counted, until another one is set; null: nowhere. It must be made
  /// for the schedule of the executable and outlive these runs.
  void SetProfile(Profile* profile);
  /// Who sees the calls of the runs from here on, until another one is set; null: nobody. Only for an executable
  /// without fused loops, on one thread.
  void SetObserver(CallObserver<T>* observer);

  void Forward(const RunContext& context);
  /// Once after each Forward, with the same context. Fills the gradients, and updates the parameters in
  /// Graph::updates.
  void Backward(const RunContext& context);

  /// After Forward: a loss or metric (by its position in Graph::terms) for one sample: its value at the last
  /// step, its mean over the steps of this run, or its weighted sum. Without Term::scale.
  double TermValue(size_t index, std::int64_t sample) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

extern template class Executor<float>;
extern template class Executor<double>;

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_RUN_EXECUTOR_H_
