#ifndef PLGRAPH_TOOLS_TRAINING_EPISODE_RUNNER_H_
#define PLGRAPH_TOOLS_TRAINING_EPISODE_RUNNER_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "graph/run/executor.h"
#include "tools/training/data_source.h"
#include "tools/training/term_means.h"

namespace plgraph {

/// Runs batches of episodes of a data source through an executor, window by window. A window has the
/// executable's number of steps; an episode has as many windows as cover its steps.
/// Owns nothing: executor and data must outlive it.
template <typename T>
class EpisodeRunner {
 public:
  /// `ports` are those that the data source was made for. The executable's steps must divide the data's.
  /// `gradient_scale`: as in RunContext.
  EpisodeRunner(Executor<T>& executor, DataSource& data, const std::vector<InputPort>& ports,
                std::uint64_t seed, double gradient_scale = 1);

  std::int64_t windows() const { return windows_; }
  std::int64_t batch() const;
  /// Whether a loss is taken in this window; without one it has no gradient.
  bool HasLoss(std::int64_t window) const { return every_window_has_loss_ || window + 1 == windows_; }

  /// What Executor::Forward and Backward take for one window of the batch that starts with an episode.
  RunContext Context(std::uint64_t first_episode, std::int64_t window) const;
  /// Fills the inputs of one window.
  void FillInputs(std::uint64_t first_episode, std::int64_t window);
  /// Fills the inputs of one window and runs it forward. The windows of a batch must be run in order.
  void Forward(std::uint64_t first_episode, std::int64_t window);
  /// All windows of a batch forward; adds the losses and metrics of its first `count` episodes to `means`.
  void ForwardAll(std::uint64_t first_episode, std::int64_t count, TermMeans& means);
  /// Of the window that was run last: the first sample with a loss that is not finite.
  std::optional<std::int64_t> FirstNotFinite(std::int64_t window) const;
  /// Adds the losses and metrics of the window that was run last.
  void AddTerms(std::int64_t window, std::int64_t count, TermMeans& means) const;

 private:
  // Whether a term is taken in a window.
  bool Takes(const Term& term, std::int64_t window) const {
    return term.at != TermAt::kLastStep || window + 1 == windows_;
  }

  Executor<T>& executor_;
  DataSource& data_;
  std::vector<Value> inputs_;  // by port
  std::uint64_t seed_;
  double gradient_scale_;
  std::int64_t windows_;
  bool every_window_has_loss_;
};

extern template class EpisodeRunner<float>;
extern template class EpisodeRunner<double>;

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_EPISODE_RUNNER_H_
