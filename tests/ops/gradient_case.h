#ifndef PLGRAPH_TESTS_OPS_GRADIENT_CASE_H_
#define PLGRAPH_TESTS_OPS_GRADIENT_CASE_H_

#include <memory>
#include <string>
#include <vector>

#include "core/memory_budget.h"
#include "core/threads.h"
#include "graph/compile.h"
#include "graph/run/executor.h"
#include "tests/ops/samples.h"

namespace plgraph {

/// One op, compiled for training: a random projection of its result to a number is the loss. An operand that is shared
/// among instances is a parameter; any other is a parameter plus an input, so that each instance has its own numbers
/// and the gradients of all instances meet in the parameter.
template <typename T>
class GradientCase {
 public:
  GradientCase(const OpRow& row, const Example& example, const std::vector<bool>& shared, std::int64_t batch,
               std::int64_t steps, ThreadPool& threads);

  /// The names of the parameters of which the gradient is asked.
  std::vector<std::string> Parameters() const;
  double Loss();
  /// No numbers where no gradient reaches a parameter.
  std::vector<T> Gradient(const std::string& parameter);
  std::span<T> Numbers(const std::string& parameter);

 private:
  void FillSources(const OpRow& row, const Example& example, const std::vector<bool>& shared);
  size_t IndexOf(const std::string& parameter) const;

  Executable executable_;
  SystemMemory memory_;
  std::unique_ptr<Executor<T>> executor_;
};

extern template class GradientCase<float>;
extern template class GradientCase<double>;

/// What is wrong with the gradients of a case: each number against central differences of the fourth order, to 1e-7 of
/// the largest number of its parameter. Empty if nothing is.
std::string GradientFaults(const OpRow& row, const Example& example, const std::vector<bool>& shared);

/// The same of large cases: the derivative along one direction for each parameter, against a central difference, to
/// 1e-7 of what its numbers add to it.
std::string DerivativeFaults(const OpRow& row, const Example& example, const std::vector<bool>& shared,
                             std::int64_t batch);

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_OPS_GRADIENT_CASE_H_
