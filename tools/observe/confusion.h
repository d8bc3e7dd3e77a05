#ifndef PLGRAPH_TOOLS_OBSERVE_CONFUSION_H_
#define PLGRAPH_TOOLS_OBSERVE_CONFUSION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "graph/run/executor.h"
#include "tools/training/loaded_model.h"

namespace plgraph {

/// How often each class was taken for which, at the last step of episodes.
class Confusion {
 public:
  /// `request` names two values of the model, "PREDICTION,LABEL": scores [C], whose largest is the class, and a scalar,
  /// the number of the class, or scores [C] likewise. Throws Error(kInvalid) for anything else.
  Confusion(const LoadedModel& loaded, const std::string& request);

  /// The two values, which the evaluation has to keep (CompileOptions::outputs).
  std::vector<std::string> outputs() const { return {prediction_, label_}; }
  /// Counts the first `count` samples of the run that was done last. Throws Error(kRuntime) when a label is not a
  /// class.
  void Add(const Executor<float>& executor, std::int64_t count);

  std::int64_t classes() const { return static_cast<std::int64_t>(counts_.size()); }
  /// By label, then by prediction.
  const std::vector<std::vector<std::int64_t>>& counts() const { return counts_; }
  /// A table with a line for each label.
  std::string ToText() const;

 private:
  std::int64_t ClassAt(const Executor<float>& executor, const std::string& name, std::int64_t sample) const;

  std::string prediction_;
  std::string label_;
  std::vector<std::vector<std::int64_t>> counts_;
};

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_OBSERVE_CONFUSION_H_
