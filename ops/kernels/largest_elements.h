#ifndef PLGRAPH_OPS_KERNELS_LARGEST_ELEMENTS_H_
#define PLGRAPH_OPS_KERNELS_LARGEST_ELEMENTS_H_

#include <cstdint>
#include <type_traits>

namespace plgraph {

/// Where an element lies in its plane; as wide as the elements, so that vectors hold as many of the one as of the other.
template <typename T>
using PlaneIndex = std::conditional_t<sizeof(T) == sizeof(float), std::int32_t, std::int64_t>;

/// Windows side by side over a plane, none of which reaches beyond it: element (k, l) of window i is
/// plane[first + k * width + i * step + l].
template <typename T>
struct WindowLine {
  const T* plane = nullptr;
  std::int64_t first = 0;
  std::int64_t width = 0;  ///< of the plane
  std::int64_t step = 1;
  std::int64_t lines = 0;    ///< of a window
  std::int64_t columns = 0;  ///< of a window
  std::int64_t count = 0;
};

/// Of each window the largest element and its place in the plane; the first of equal ones. What is not a number counts
/// as the largest, so that it is seen.
template <typename T>
void FindLargest(const WindowLine<T>& windows, T* values, PlaneIndex<T>* places);

}  // namespace plgraph

#endif  // PLGRAPH_OPS_KERNELS_LARGEST_ELEMENTS_H_
