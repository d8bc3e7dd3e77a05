#include "tools/training/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace plgraph {
namespace {

double BaseRate(const Train& train) {
  switch (train.optimizer_case()) {
    case Train::kSgd:
      return train.sgd().learning_rate();
    case Train::kAdam:
      return train.adam().learning_rate();
    case Train::kAdamw:
      return train.adamw().learning_rate();
    case Train::kRmsprop:
      return train.rmsprop().learning_rate();
    case Train::OPTIMIZER_NOT_SET:
      return 0;
  }
  return 0;
}

double CosineFactor(const Cosine& cosine, std::int64_t update, std::int64_t updates) {
  const double part =
      updates > 0 ? std::min(1.0, static_cast<double>(update) / static_cast<double>(updates)) : 0.0;
  const double last = cosine.final_factor();
  return last + (1 - last) * 0.5 * (1 + std::cos(std::numbers::pi * part));
}

}  // namespace

double LearningRate(const Train& train, std::int64_t update, std::int64_t total_updates) {
  const double rate = BaseRate(train);
  const std::int64_t warmup = train.warmup_updates();
  if (update < warmup) return rate * static_cast<double>(update + 1) / static_cast<double>(warmup + 1);
  const std::int64_t since = update - warmup;
  switch (train.schedule_case()) {
    case Train::kStepDecay: {
      const std::int64_t steps = since / std::max<std::int64_t>(1, train.step_decay().every_updates());
      return rate * std::pow(train.step_decay().factor(), static_cast<double>(steps));
    }
    case Train::kCosine:
      return rate * CosineFactor(train.cosine(), since, total_updates - warmup);
    case Train::kExponential:
      return rate * std::pow(train.exponential().factor(), static_cast<double>(since));
    case Train::SCHEDULE_NOT_SET:
      return rate;
  }
  return rate;
}

}  // namespace plgraph
