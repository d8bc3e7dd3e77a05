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
// So many roundings of f are in a jump, at most.
constexpr double kRoundings = 16;
constexpr int kCloserRows = 4;  // sixteen times closer
constexpr int kMaxTries = 6;

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

// The differences of f at a first step, a half of it, a quarter, ...; each is taken once.
class Differences {
 public:
  Differences(const Function& f, double f_at_zero, double first_step)
      : f_(f), at_zero_(f_at_zero), first_step_(first_step) {}

  struct Slopes {
    double mean = 0;  // of the slopes to the right and to the left of 0
    double jump = 0;  // the right one less the left one
    double rounding = 0;
  };
  const Slopes& At(int row) {
    while (std::ssize(rows_) <= row) Add();
    return rows_[static_cast<size_t>(row)];
  }

 private:
  void Add() {
    const double step = std::ldexp(first_step_, -static_cast<int>(rows_.size()));
    const double right = f_(step);
    const double left = f_(-step);
    rows_.push_back({.mean = (right - left) / (2 * step),
                     .jump = ((right - at_zero_) + (left - at_zero_)) / step,
                     .rounding = std::numeric_limits<double>::epsilon() * std::abs(at_zero_) / step});
  }

  const Function& f_;
  double at_zero_;
  double first_step_;
  std::vector<Slopes> rows_;
};

// One line of Neville's scheme; `factor` is the power of 2 that the first column cancels.
void AddLine(double first, double factor, std::vector<double>& line) {
  std::vector<double> above;
  above.swap(line);
  line.push_back(first);
  for (size_t column = 0; column < above.size(); ++column, factor *= 4) {
    line.push_back(line.back() + (line.back() - above[column]) / (factor - 1));
  }
}

// What is left of a jump when the rounding of f is taken off.
double CertainJump(double jump, double rounding) { return std::abs(jump) > kRoundings * rounding ? jump : 0; }

// Two entries may agree by chance, but none is better than the digits of f permit, and none where the slopes on both
// sides of 0 differ.
DerivativeEstimate Extrapolate(Differences& differences, int first_row, int max_rows) {
  std::vector<double> means = {differences.At(first_row).mean};
  std::vector<double> jumps = {differences.At(first_row).jump};
  DerivativeEstimate best = {means[0], std::numeric_limits<double>::infinity(), jumps[0]};
  for (int row = 1; row < max_rows; ++row) {
    if (row >= 3 && best.error <= kEnough * std::abs(best.value)) break;
    const Differences::Slopes& slopes = differences.At(first_row + row);
    const std::vector<double> above = means;
    AddLine(slopes.mean, 4, means);  // the error has the powers 2, 4, ... of the step
    AddLine(slopes.jump, 2, jumps);  // 1, 3, ...
    for (size_t column = 1; column < means.size(); ++column) {
      const double jump = CertainJump(jumps[column], slopes.rounding);
      const double error =
          std::max({std::abs(means[column] - means[column - 1]), std::abs(means[column] - above[column - 1]),
                    std::abs(jump) / 2, slopes.rounding});
      if (error <= best.error) best = {means[column], error, jump};
    }
  }
  return best;
}

}  // namespace

DerivativeEstimate DerivativeAtZero(const Function& f, double f_at_zero, double first_step, int max_rows) {
  Differences differences(f, f_at_zero, LargeEnoughStep(f, f_at_zero, first_step));
  DerivativeEstimate best = Extrapolate(differences, 0, max_rows);
  double largest_jump = std::abs(best.jump);
  for (int tries = 1; tries < kMaxTries && best.error > kDoubtful * std::abs(best.value); ++tries) {
    const DerivativeEstimate closer = Extrapolate(differences, tries * kCloserRows, max_rows);
    largest_jump = std::max(largest_jump, std::abs(closer.jump));
    if (closer.error < best.error) best = closer;
  }
  best.largest_jump = largest_jump;
  return best;
}

}  // namespace plgraph
