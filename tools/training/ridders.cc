#include "tools/training/ridders.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace plgraph {
namespace {

constexpr double kEnough = 1e-11;
// A change of f by less than this part of it has too few digits left.
constexpr double kDrowned = 1e-5;
// An estimate that doubts itself by more than this part of it is tried again, closer by.
constexpr double kDoubtful = 1e-9;
constexpr double kCloser = 1.0 / 16;
constexpr int kMaxTries = 5;

using Function = std::function<double(double)>;

double LargeEnoughStep(const Function& f, double f_at_zero, double step) {
  double difference = f(step) - f(-step);
  for (int growth = 0; growth < 4 && std::abs(difference) < kDrowned * std::abs(f_at_zero); ++growth) {
    const double larger = f(4 * step) - f(-4 * step);
    // Still close to a straight line? Otherwise the step leaves the region in which the scheme converges.
    if (std::abs(larger) < 2 * std::abs(difference) || std::abs(larger) > 8 * std::abs(difference)) break;
    step *= 4;
    difference = larger;
  }
  return step;
}

// Two entries may agree by chance, but none is better than the digits of f permit: `size` is how large f is.
DerivativeEstimate Extrapolate(const Function& f, double size, double step, int max_rows) {
  DerivativeEstimate best = {(f(step) - f(-step)) / (2 * step), std::numeric_limits<double>::infinity()};
  std::vector<double> above;  // the row before
  std::vector<double> row = {best.value};
  for (int rows = 1; rows < max_rows; ++rows) {
    if (rows >= 3 && best.error <= kEnough * std::abs(best.value)) break;
    step /= 2;
    above.swap(row);
    row.assign(1, (f(step) - f(-step)) / (2 * step));
    const double rounding = std::numeric_limits<double>::epsilon() * size / step;
    double factor = 4;  // of the power that the column cancels: 2^2, 2^4, ...
    for (size_t column = 1; column <= above.size(); ++column, factor *= 4) {
      const double left = row[column - 1];
      const double corner = above[column - 1];
      const double value = left + (left - corner) / (factor - 1);
      const double error = std::max({std::abs(value - left), std::abs(value - corner), rounding});
      row.push_back(value);
      if (error <= best.error) best = {value, error};
    }
  }
  return best;
}

}  // namespace

DerivativeEstimate DerivativeAtZero(const Function& f, double f_at_zero, double first_step, int max_rows) {
  double step = LargeEnoughStep(f, f_at_zero, first_step);
  const double size = std::abs(f_at_zero);
  DerivativeEstimate best = Extrapolate(f, size, step, max_rows);
  for (int tries = 1; tries < kMaxTries && best.error > kDoubtful * std::abs(best.value); ++tries) {
    step *= kCloser;
    const DerivativeEstimate closer = Extrapolate(f, size, step, max_rows);
    if (closer.error < best.error) best = closer;
  }
  return best;
}

}  // namespace plgraph
