#include "tools/training/gradient_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/error.h"
#include "core/random.h"
#include "tools/training/ridders.h"

namespace plgraph {
namespace {

constexpr size_t kFewElements = 16;
constexpr int kMaxRows = 9;
// A finite difference beside kinks is good for a check up to this uncertainty.
constexpr double kCertain = 1e-5;

double Norm(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum);
}

double Rms(std::span<const double> values) {
  return Norm(values) / std::sqrt(static_cast<double>(std::max<size_t>(1, values.size())));
}

class Checker {
 public:
  explicit Checker(const GradientToCheck& check)
      : check_(check),
        original_(check.parameter.begin(), check.parameter.end()),
        norm_(Norm(check.gradient)),
        loss_(FiniteLoss()),
        parameter_size_(SizeOf(original_)) {}

  void CheckElement(size_t element) {
    std::vector<double> direction(original_.size());
    direction[element] = 1;
    Check(fmt::format("element {}", element), direction);
  }

  void CheckRandom(const RandomStream& random) {
    std::vector<double> direction(original_.size());
    for (size_t i = 0; i < direction.size(); ++i) {
      direction[i] = (random.Bits(static_cast<std::uint32_t>(i)) & 1) != 0 ? 1 : -1;
    }
    Check("random signs", direction);
  }

  void CheckOwnDirection() {
    if (norm_ == 0) return;
    std::vector<double> direction(check_.gradient.begin(), check_.gradient.end());
    const double scale = std::sqrt(static_cast<double>(direction.size())) / norm_;
    for (double& value : direction) value *= scale;
    Check("its own direction", direction);
  }

  const ParameterCheck& worst() const { return worst_; }

 private:
  double FiniteLoss() const {
    const double loss = check_.loss();
    if (!std::isfinite(loss)) {
      throw Error(ErrorKind::kRuntime,
                  fmt::format("gradcheck: the loss is not finite ({}) near the value of parameter \"{}\"",
                              loss, check_.name));
    }
    return loss;
  }

  double LossAt(const std::vector<double>& direction, double step) const {
    for (size_t i = 0; i < original_.size(); ++i) check_.parameter[i] = original_[i] + step * direction[i];
    const double loss = FiniteLoss();
    std::copy(original_.begin(), original_.end(), check_.parameter.begin());
    return loss;
  }

  void Check(std::string name, const std::vector<double>& direction) {
    double analytic = 0;
    for (size_t i = 0; i < direction.size(); ++i) analytic += check_.gradient[i] * direction[i];
    const DerivativeEstimate numeric = DerivativeAtZero([&](double step) { return LossAt(direction, step); },
                                                        loss_, 0.5 * parameter_size_, kMaxRows);

    const double rms = Rms(direction);
    const double floor = 1e-6 * std::abs(loss_) * rms / parameter_size_;
    const double scale = std::max({std::abs(numeric.value), std::abs(analytic), norm_ * rms, floor});
    const auto relative = [&](double difference) { return scale > 0 ? std::abs(difference) / scale : 0; };
    const bool kink = relative(numeric.largest_jump) > check_.tolerance;
    Take({.direction = std::move(name),
          .at_kink = kink && relative(numeric.error) > kCertain,
          .relative_error = relative(numeric.value - analytic),
          .analytic = analytic,
          .numeric = numeric.value,
          .uncertainty = relative(numeric.error)},
         kink);
  }

  void Take(ParameterCheck check, bool kink) {
    const bool beside_kink = kink && !check.at_kink;
    check.excess = check.relative_error / std::max(check_.tolerance, beside_kink ? 2 * check.uncertainty : 0);
    check.directions = worst_.directions + 1;
    check.kinks = worst_.kinks + (kink ? 1 : 0);
    check.at_kink = check.at_kink || worst_.at_kink;
    // `not <` so that a number that is not finite is the worst.
    const bool worse = worst_.directions == 0 || !(check.excess <= worst_.excess);
    if (worse) {
      worst_ = std::move(check);
      return;
    }
    worst_.directions = check.directions;
    worst_.kinks = check.kinks;
    worst_.at_kink = check.at_kink;
  }

  const GradientToCheck& check_;
  std::vector<double> original_;
  double norm_;
  double loss_;
  double parameter_size_;
  ParameterCheck worst_;
};

}  // namespace

double SizeOf(std::span<const double> parameter) {
  const double size = Rms(parameter);
  return size > 0 ? size : 1;
}

ParameterCheck CheckGradient(const GradientToCheck& check) {
  PLGRAPH_CHECK(check.parameter.size() == check.gradient.size(), "a gradient has its parameter's shape");
  const auto broken = std::find_if(check.gradient.begin(), check.gradient.end(),
                                   [](double value) { return !std::isfinite(value); });
  if (broken != check.gradient.end()) {
    return {.direction = fmt::format("element {}", broken - check.gradient.begin()),
            .excess = std::numeric_limits<double>::infinity(),
            .relative_error = std::numeric_limits<double>::infinity(),
            .analytic = *broken};
  }
  Checker checker(check);
  const size_t size = check.parameter.size();
  if (size <= kFewElements) {
    for (size_t i = 0; i < size; ++i) checker.CheckElement(i);
    return checker.worst();
  }
  const RandomStream random(0, StreamId("gradcheck/" + check.name));
  checker.CheckRandom(random);
  checker.CheckOwnDirection();
  const auto larger = [](double a, double b) { return std::abs(a) < std::abs(b); };
  const auto largest = std::max_element(check.gradient.begin(), check.gradient.end(), larger);
  checker.CheckElement(static_cast<size_t>(largest - check.gradient.begin()));
  for (std::int64_t i = 0; i < check.random_elements; ++i) {
    const RandomStream places(1, StreamId("gradcheck/" + check.name));
    checker.CheckElement(places.Below(static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(size)));
  }
  return checker.worst();
}

}  // namespace plgraph
