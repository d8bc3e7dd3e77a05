#ifndef PLGRAPH_TOOLS_TRAINING_OPTIMIZER_H_
#define PLGRAPH_TOOLS_TRAINING_OPTIMIZER_H_

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/threads.h"
#include "serialization/language/model.pb.h"
#include "tools/training/gradient_limit.h"

namespace plgraph {

constexpr int kMaxOptimizerSlots = 2;

/// How many numbers the optimizer of `train` keeps for each element of a parameter.
int OptimizerSlots(const Train& train);

/// What one of these numbers is called: "second moment".
std::string_view OptimizerSlotName(const Train& train, int slot);

/// The name of the optimizer's field in Train: "adam".
std::string OptimizerName(const Train& train);

/// One parameter with what belongs to it; all spans have one size. Slots beyond the optimizer's are empty.
template <typename T>
struct OptimizerUpdate {
  std::span<T> parameter;
  std::span<const T> gradient;
  std::array<std::span<T>, kMaxOptimizerSlots> slots;
};

/// Changes one parameter by the optimizer of `train`, in one pass over its memory. `update` counts from 0;
/// `rate` is LearningRate's. Each element depends on its own numbers only, so the result is the same with any
/// number of threads. Returns whether the slots are finite afterwards. The formulas are at the optimizers' messages in model.proto; Nesterov's form is
/// PyTorch's: rate (g + momentum v).
template <typename T>
bool UpdateParameter(const Train& train, const OptimizerUpdate<T>& p, const GradientTransform& transform,
                     double rate, std::int64_t update, ThreadPool& threads);

extern template bool UpdateParameter(const Train&, const OptimizerUpdate<float>&, const GradientTransform&,
                                     double, std::int64_t, ThreadPool&);
extern template bool UpdateParameter(const Train&, const OptimizerUpdate<double>&, const GradientTransform&,
                                     double, std::int64_t, ThreadPool&);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_OPTIMIZER_H_
