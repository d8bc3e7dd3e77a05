#ifndef PLGRAPH_CORE_FIRST_LARGEST_H_
#define PLGRAPH_CORE_FIRST_LARGEST_H_

#include <cmath>
#include <cstdint>

namespace plgraph {

/// The place of the first largest of n elements, `stride` apart. What is not a number counts as the largest, so that
/// it is seen.
template <typename T>
std::int64_t FirstLargest(const T* x, std::int64_t n, std::int64_t stride) {
  std::int64_t best = 0;
  for (std::int64_t k = 1; k < n; ++k) {
    const T value = x[k * stride];
    const T largest = x[best * stride];
    if (value > largest || (std::isnan(value) && !std::isnan(largest))) best = k;
  }
  return best;
}

}  // namespace plgraph

#endif  // PLGRAPH_CORE_FIRST_LARGEST_H_
