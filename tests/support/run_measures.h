#ifndef PLGRAPH_TESTS_SUPPORT_RUN_MEASURES_H_
#define PLGRAPH_TESTS_SUPPORT_RUN_MEASURES_H_

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/first_largest.h"
#include "serialization/language/model.pb.h"
#include "tools/training/model_run.h"
#include "tools/training/term_means.h"

namespace plgraph {

/// Computes the losses and metrics of a model, in double, from what a run wrote of its values. Knows `value`,
/// `sign_error`, `accuracy`, `mean_squared_error` and `psnr`.
class RunMeasures {
 public:
  explicit RunMeasures(const Model& model) : model_(model) {}

  /// The values that must be outputs of the run.
  std::vector<std::string> Values() const {
    std::set<std::string> values;
    for (const LossDef& loss : model_.loss()) {
      values.insert(loss.value());
      if (loss.has_weighted_by()) values.insert(loss.weighted_by());
    }
    for (const MetricDef& metric : model_.metric()) {
      const auto [prediction, target] = OperandsOf(metric);
      values.insert(prediction);
      if (!target.empty()) values.insert(target);
      if (metric.has_weighted_by()) values.insert(metric.weighted_by());
    }
    return {values.begin(), values.end()};
  }

  Measures Of(const std::vector<RunResult>& results) const {
    Measures measures;
    for (const LossDef& loss : model_.loss()) {
      const auto value = [&](const Numbers& numbers, const Numbers&) { return numbers[0]; };
      measures.loss += loss.scale() * Mean(results, {loss.value(), ""}, loss.weighted_by(), loss.at(), value);
    }
    for (const MetricDef& metric : model_.metric()) {
      const auto one = [&](const Numbers& p, const Numbers& t) { return OfOne(metric, p, t); };
      measures.metrics.emplace_back(
          metric.name(), Mean(results, OperandsOf(metric), metric.weighted_by(), metric.at(), one));
    }
    return measures;
  }

 private:
  using Numbers = std::vector<double>;
  using Measure = std::function<double(const Numbers& prediction, const Numbers& target)>;
  using Names = std::pair<std::string, std::string>;

  static Names OperandsOf(const MetricDef& metric) {
    switch (metric.op_case()) {
      case MetricDef::kSignError:
        return {metric.sign_error().prediction(), metric.sign_error().target()};
      case MetricDef::kAccuracy:
        return {metric.accuracy().prediction(), metric.accuracy().target()};
      case MetricDef::kMeanSquaredError:
        return {metric.mean_squared_error().prediction(), metric.mean_squared_error().target()};
      case MetricDef::kPsnr:
        return {metric.psnr().prediction(), metric.psnr().target()};
      case MetricDef::kValue:
        return {metric.value(), ""};
      default:
        PLGRAPH_CHECK(false, "a metric that this test does not know: " + metric.name());
        return {};
    }
  }

  static double OfOne(const MetricDef& metric, const Numbers& p, const Numbers& t) {
    double sum = 0;
    const auto size = static_cast<double>(p.size());
    switch (metric.op_case()) {
      case MetricDef::kSignError:
        for (size_t i = 0; i < p.size(); ++i) sum += Sign(p[i]) == Sign(t[i]) ? 0 : 1;
        return sum / size;
      case MetricDef::kAccuracy:
        return ClassOf(p, p.size()) == ClassOf(t, p.size()) ? 1 : 0;
      case MetricDef::kMeanSquaredError:
      case MetricDef::kPsnr:
        for (size_t i = 0; i < p.size(); ++i) sum += (p[i] - t[i]) * (p[i] - t[i]);
        if (metric.has_mean_squared_error()) return sum / size;
        return 10 * std::log10(metric.psnr().peak() * metric.psnr().peak() / (sum / size));
      default:
        return p[0];
    }
  }

  static int Sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }
  // A vector's largest element; a scalar is the class itself.
  static double ClassOf(const Numbers& numbers, size_t classes) {
    if (numbers.size() == 1 && classes > 1) return numbers[0];
    return static_cast<double>(FirstLargest(numbers.data(), std::ssize(numbers), 1));
  }

  // The values of an output, by episode and step.
  class Instances {
   public:
    explicit Instances(const RunResult& result)
        : variance_(result.variance), all_(result.tensor.As<double>()) {
      const std::vector<std::int64_t>& dims = result.tensor.shape().dims();
      size_t at = 0;
      if (variance_.sample) episodes_ = dims[at++];
      if (variance_.step) steps_ = dims[at];
      size_ = std::ssize(all_) / (episodes_ * steps_);
    }
    std::int64_t episodes() const { return episodes_; }
    std::int64_t steps() const { return steps_; }
    Numbers At(std::int64_t episode, std::int64_t step) const {
      const std::int64_t instance = (variance_.sample ? episode * steps_ : 0) + (variance_.step ? step : 0);
      const auto begin = all_.begin() + instance * size_;
      return {begin, begin + size_};
    }

   private:
    Variance variance_;
    Numbers all_;
    std::int64_t episodes_ = 1;
    std::int64_t steps_ = 1;
    std::int64_t size_ = 1;
  };

  static Instances Find(const std::vector<RunResult>& results, const std::string& name) {
    return Instances(
        *std::find_if(results.begin(), results.end(), [&](const auto& r) { return r.name == name; }));
  }

  static double Mean(const std::vector<RunResult>& results, const Names& names, const std::string& weight,
                     At at, const Measure& measure) {
    const Instances p = Find(results, names.first);
    const Instances t = names.second.empty() ? p : Find(results, names.second);
    const Instances w = weight.empty() ? p : Find(results, weight);
    const std::int64_t episodes = std::max({p.episodes(), t.episodes(), w.episodes()});
    const std::int64_t steps = std::max({p.steps(), t.steps(), w.steps()});
    double sum = 0;
    for (std::int64_t episode = 0; episode < episodes; ++episode) {
      double of_episode = 0;
      const bool last = weight.empty() && at == LAST_STEP;
      for (std::int64_t step = last ? steps - 1 : 0; step < steps; ++step) {
        const double value = measure(p.At(episode, step), t.At(episode, step));
        of_episode += weight.empty() ? value : value * w.At(episode, step)[0];
      }
      sum += weight.empty() && at == EVERY_STEP ? of_episode / static_cast<double>(steps) : of_episode;
    }
    return sum / static_cast<double>(episodes);
  }

  const Model& model_;
};

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_SUPPORT_RUN_MEASURES_H_
