#include "tools/training/episode_runner.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace plgraph {

template <typename T>
EpisodeRunner<T>::EpisodeRunner(Executor<T>& executor, DataSource& data, const std::vector<InputPort>& ports,
                                std::uint64_t seed, double gradient_scale)
    : executor_(executor), data_(data), seed_(seed), gradient_scale_(gradient_scale) {
  const Executable& executable = executor.executable();
  for (const InputPort& port : ports) {
    const Value input = executable.graph.Find(port.name);
    PLGRAPH_CHECK(static_cast<bool>(input), "the compiled graph lacks input " + port.name);
    inputs_.push_back(input);
  }
  PLGRAPH_CHECK(data.steps() % executable.options.steps == 0, "a window must divide the episode");
  windows_ = data.steps() / executable.options.steps;
  const std::vector<Term>& terms = executable.graph.terms;
  every_window_has_loss_ = std::any_of(terms.begin(), terms.end(), [](const Term& term) {
    return term.is_loss && term.at != TermAt::kLastStep;
  });
}

template <typename T>
std::int64_t EpisodeRunner<T>::batch() const {
  return executor_.executable().options.batch;
}

template <typename T>
RunContext EpisodeRunner<T>::Context(std::uint64_t first_episode, std::int64_t window) const {
  return {.seed = seed_,
          .first_episode = first_episode,
          .first_step = window * executor_.executable().options.steps,
          .continue_states = window > 0,
          .last_window = window + 1 == windows_,
          .gradient_scale = gradient_scale_};
}

template <typename T>
void EpisodeRunner<T>::FillInputs(std::uint64_t first_episode, std::int64_t window) {
  const CompileOptions& options = executor_.executable().options;
  const EpisodeWindow episodes = {.first_episode = first_episode,
                                  .batch = options.batch,
                                  .first_step = window * options.steps,
                                  .steps = options.steps};
  for (size_t port = 0; port < inputs_.size(); ++port) {
    data_.Fill(port, episodes, executor_.Input(inputs_[port]));
  }
}

template <typename T>
void EpisodeRunner<T>::Forward(std::uint64_t first_episode, std::int64_t window) {
  FillInputs(first_episode, window);
  executor_.Forward(Context(first_episode, window));
}

template <typename T>
void EpisodeRunner<T>::ForwardAll(std::uint64_t first_episode, std::int64_t count, TermMeans& means) {
  for (std::int64_t window = 0; window < windows_; ++window) {
    Forward(first_episode, window);
    AddTerms(window, count, means);
  }
}

template <typename T>
std::optional<std::int64_t> EpisodeRunner<T>::FirstNotFinite(std::int64_t window) const {
  const std::vector<Term>& terms = executor_.executable().graph.terms;
  for (std::int64_t sample = 0; sample < batch(); ++sample) {
    for (size_t i = 0; i < terms.size(); ++i) {
      if (!terms[i].is_loss || !Takes(terms[i], window)) continue;
      if (!std::isfinite(executor_.TermValue(i, sample))) return sample;
    }
  }
  return std::nullopt;
}

template <typename T>
void EpisodeRunner<T>::AddTerms(std::int64_t window, std::int64_t count, TermMeans& means) const {
  const std::vector<Term>& terms = executor_.executable().graph.terms;
  for (size_t i = 0; i < terms.size(); ++i) {
    if (!Takes(terms[i], window)) continue;
    // All windows have the same number of steps: the mean over an episode is the mean of theirs.
    const double weight = terms[i].at == TermAt::kEveryStep ? 1.0 / static_cast<double>(windows_) : 1.0;
    for (std::int64_t sample = 0; sample < count; ++sample) {
      means.Add(i, weight * executor_.TermValue(i, sample));
    }
  }
  if (window + 1 == windows_) means.CountEpisodes(count);
}

template class EpisodeRunner<float>;
template class EpisodeRunner<double>;

}  // namespace plgraph
