#ifndef PLGRAPH_OPS_KERNELS_LARGEST_ELEMENTS_H_
#define PLGRAPH_OPS_KERNELS_LARGEST_ELEMENTS_H_

#include <cstdint>

namespace plgraph {

/// Some rows of windows over a plane, none of which reaches beyond it: element (k, l) of window i of the row j of
/// windows is plane[first + j * window_row_step + k * width + i * step + l]. The largest element of a window is the
/// first of equal ones; what is not a number counts as the largest, so that it is seen.
template <typename T>
struct PlaneWindows {
  const T* plane = nullptr;
  std::int64_t first = 0;
  std::int64_t width = 0;  ///< of the plane
  std::int64_t window_row_step = 0;
  std::int64_t step = 1;
  std::int64_t rows = 0;     ///< of a window
  std::int64_t columns = 0;  ///< of a window
  std::int64_t window_rows = 1;
  std::int64_t count = 0;  ///< of a row of windows
  bool apart = false;      ///< no element lies in two windows
};

/// The largest element of each window, row after row.
template <typename T>
void FindLargest(const PlaneWindows<T>& windows, T* values);

/// Adds d[i] to `sums`, a plane like that of the windows, at the place of the largest element of each window i, counted
/// row after row. Where windows lie apart, what they cover must be 0 before.
template <typename T>
void AddToLargest(const PlaneWindows<T>& windows, const T* d, T* sums);

}  // namespace plgraph

#endif  // PLGRAPH_OPS_KERNELS_LARGEST_ELEMENTS_H_
