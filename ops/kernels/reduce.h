#ifndef PLGRAPH_OPS_KERNELS_REDUCE_H_
#define PLGRAPH_OPS_KERNELS_REDUCE_H_

#include <cstdint>

namespace plgraph {

/// Sums are kept in this many lanes, element i in lane i mod kLanes, and joined at the end in a fixed order: the
/// loops become vector code whatever the width of the machine, and the order never depends on it.
constexpr int kReduceLanes = 16;

/// Joins the lanes, halves on halves. The lanes are used up.
template <typename T>
inline T JoinLanes(T* lanes) {
  for (int width = kReduceLanes / 2; width > 0; width /= 2) {
    for (int k = 0; k < width; ++k) lanes[k] += lanes[k + width];
  }
  return lanes[0];
}

/// sum_i a_i.
template <typename T>
inline T SumOf(const T* a, std::int64_t n) {
  T lanes[kReduceLanes] = {};
  std::int64_t i = 0;
  for (; i + kReduceLanes <= n; i += kReduceLanes) {
    for (int k = 0; k < kReduceLanes; ++k) lanes[k] += a[i + k];
  }
  for (int k = 0; i + k < n; ++k) lanes[k] += a[i + k];
  return JoinLanes(lanes);
}

}  // namespace plgraph

#endif  // PLGRAPH_OPS_KERNELS_REDUCE_H_
