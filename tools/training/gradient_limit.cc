#include "tools/training/gradient_limit.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace plgraph {
namespace {

constexpr std::int64_t kBlock = 4096;

std::int64_t Blocks(std::int64_t size) { return (size + kBlock - 1) / kBlock; }

template <typename T>
double SquareSum(std::span<const T> values, T limit) {
  // Eight sums in a fixed order: one alone would wait for each addition.
  double sums[8] = {};
  for (size_t i = 0; i < values.size(); ++i) {
    const double value = std::clamp(values[i], -limit, limit);
    sums[i % 8] += value * value;
  }
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

}  // namespace

template <typename T>
GradientNorm<T>::GradientNorm(std::span<const std::int64_t> sizes) {
  std::int64_t largest = 0;
  for (const std::int64_t size : sizes) largest = std::max(largest, Blocks(size));
  sums_.resize(static_cast<size_t>(largest));
}

template <typename T>
double GradientNorm<T>::Compute(std::span<const std::span<const T>> gradients, double limit,
                                ThreadPool& threads) {
  const T bound = limit > 0 ? static_cast<T>(limit) : std::numeric_limits<T>::infinity();
  double total = 0;
  for (const std::span<const T> gradient : gradients) {
    const std::int64_t blocks = Blocks(static_cast<std::int64_t>(gradient.size()));
    threads.For(blocks, 16, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t block = begin; block < end; ++block) {
        const size_t first = static_cast<size_t>(block * kBlock);
        const size_t count = std::min<size_t>(kBlock, gradient.size() - first);
        sums_[static_cast<size_t>(block)] = SquareSum(gradient.subspan(first, count), bound);
      }
    });
    for (std::int64_t block = 0; block < blocks; ++block) total += sums_[static_cast<size_t>(block)];
  }
  return std::sqrt(total);
}

GradientTransform ClipTransform(double clip_value, double clip_norm, double norm) {
  const bool too_long = clip_norm > 0 && norm > clip_norm;
  return {.limit = clip_value, .scale = too_long ? clip_norm / norm : 1.0};
}

template class GradientNorm<float>;
template class GradientNorm<double>;

}  // namespace plgraph
