#include "tools/training/evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "tools/training/episode_runner.h"
#include "tools/training/parameters.h"

namespace plgraph {

Evaluator::Evaluator(const LoadedModel& loaded, const Services& services, std::int64_t episodes,
                     const std::vector<std::string>& outputs)
    : loaded_(loaded),
      services_(services),
      data_(OpenData(loaded, DataUse::kEvaluation, services.files, &services.memory)),
      episodes_(std::min(episodes, data_->episodes().value_or(episodes))),
      executable_(MakeExecutable(loaded, ForwardOptions(loaded, *data_, episodes, outputs))) {}

Executor<float>& Evaluator::executor() {
  if (!executor_) {
    executor_ = std::make_unique<Executor<float>>(executable_, services_.memory, services_.threads);
  }
  return *executor_;
}

Measures Evaluator::Evaluate(const std::function<void(std::int64_t count)>& after_batch) {
  executor().ResetStates();
  EpisodeRunner<float> runner(executor(), *data_, InputPorts(loaded_.graph), loaded_.model.train().seed());
  TermMeans means(executable_.graph.terms);
  for (std::int64_t first = 0; first < episodes_; first += runner.batch()) {
    // Samples beyond the last episode are run, but not counted.
    const std::int64_t count = std::min(runner.batch(), episodes_ - first);
    runner.ForwardAll(static_cast<std::uint64_t>(first), count, means);
    if (after_batch) after_batch(count);
  }
  const Measures measures = means.Mean();
  if (!std::isfinite(measures.loss)) {
    throw Error(ErrorKind::kRuntime, fmt::format("evaluation: the loss is not finite ({})", measures.loss));
  }
  return measures;
}

}  // namespace plgraph
