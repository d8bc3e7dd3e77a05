#ifndef PLGRAPH_TOOLS_TRAINING_GRADIENT_LIMIT_H_
#define PLGRAPH_TOOLS_TRAINING_GRADIENT_LIMIT_H_

#include <cstdint>
#include <span>
#include <vector>

#include "core/threads.h"

namespace plgraph {

/// What happens to an element of a gradient before the optimizer sees it: it is limited to [-limit, limit],
/// then scaled. The optimizer does both while it reads, so clipping costs no pass over memory of its own.
struct GradientTransform {
  double limit = 0;  ///< 0: not limited
  double scale = 1;
};

/// Computes the common norm of all gradients of a model. The order of the sum is fixed: blocks of equal size,
/// then the blocks in order, all in double; the number of threads decides nothing.
template <typename T>
class GradientNorm {
 public:
  /// For gradients of these sizes; takes the memory for the sums of the blocks once.
  explicit GradientNorm(std::span<const std::int64_t> sizes);

  /// The norm of all elements, each limited to [-limit, limit] first (limit 0: not). The gradients must have
  /// the sizes given to the constructor.
  double Compute(std::span<const std::span<const T>> gradients, double limit, ThreadPool& threads);

 private:
  std::vector<double> sums_;
};

/// The transform of train.clip_value and train.clip_norm; `norm` is the gradients' norm after clip_value.
GradientTransform ClipTransform(double clip_value, double clip_norm, double norm);

extern template class GradientNorm<float>;
extern template class GradientNorm<double>;

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_GRADIENT_LIMIT_H_
