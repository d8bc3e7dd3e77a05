#ifndef PLGRAPH_TOOLS_TRAINING_HELD_LOSS_H_
#define PLGRAPH_TOOLS_TRAINING_HELD_LOSS_H_

#include <span>
#include <string>

#include "core/named_tensor.h"
#include "tools/training/first_batch.h"
#include "tools/training/held_values.h"
#include "tools/training/loaded_model.h"
#include "tools/training/services.h"

namespace plgraph {

/// The loss of a model's first batch, in double, as a function of the parameters, for finite differences: all values that
/// the gradient holds constant (StopGradient, Sign, the condition of Where) are held at what they are at one point. Made
/// from the model itself, also where `loaded` is a plan. `loaded` must outlive it.
class HeldLoss {
 public:
  HeldLoss(const LoadedModel& loaded, const Services& services);

  /// Sets all parameters, and holds constant what is to be held at its value there.
  void MoveTo(const NamedTensors& parameters);
  /// The numbers of a parameter, to be changed; what is held stays.
  std::span<double> Parameter(const std::string& name);
  /// The same parameters give the same loss, always.
  double Loss() { return batch_.Loss(); }
  const Executable& executable() const { return batch_.executable(); }

 private:
  FirstBatchOptions OptionsOf(const Graph& graph) const;

  const LoadedModel& loaded_;
  Services services_;
  Graph graph_;  // of the model, without compositions
  HeldGraph held_;
  FirstBatch<double> batch_;
};

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_HELD_LOSS_H_
