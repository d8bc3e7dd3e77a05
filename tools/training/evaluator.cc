#include "tools/training/evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "tools/training/episode_runner.h"
#include "tools/training/parameters.h"

namespace plgraph {

Evaluator::Evaluator(const LoadedModel& loaded, const Services& services, std::int64_t episodes)
    : loaded_(loaded),
      data_(OpenData(loaded, DataUse::kEvaluation, services.files)),
      episodes_(std::min(episodes, data_->episodes().value_or(episodes))),
      executable_(MakeExecutable(loaded, OptionsFor(loaded, data_->steps(), false))),
      executor_(std::make_unique<Executor<float>>(executable_, services.memory, services.threads)) {}

Measures Evaluator::Evaluate() {
  executor_->ResetStates();
  EpisodeRunner<float> runner(*executor_, *data_, InputPorts(loaded_.graph), loaded_.model.train().seed());
  TermMeans means(executable_.graph.terms);
  for (std::int64_t first = 0; first < episodes_; first += runner.batch()) {
    // Samples beyond the last episode are run, but not counted.
    runner.ForwardAll(static_cast<std::uint64_t>(first), std::min(runner.batch(), episodes_ - first), means);
  }
  const Measures measures = means.Mean();
  if (!std::isfinite(measures.loss)) {
    throw Error(ErrorKind::kRuntime, fmt::format("evaluation: the loss is not finite ({})", measures.loss));
  }
  return measures;
}

}  // namespace plgraph
