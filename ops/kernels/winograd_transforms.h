#ifndef PLGRAPH_OPS_KERNELS_WINOGRAD_TRANSFORMS_H_
#define PLGRAPH_OPS_KERNELS_WINOGRAD_TRANSFORMS_H_

#include <cstdint>

// The transforms of Winograd's convolution F(2 x 2, 3 x 3), channel by channel: with M = (G g G^T) o (B^T d B) summed
// over the channels of the image, A^T M A is the result (Lavin and Gray 2016, equation 8).
namespace plgraph {

/// Small squares of numbers, the channels side by side: element (i, j) of square n is a row at
/// data + n * square + i * down + j * along.
template <typename T>
struct Squares {
  T* data = nullptr;
  std::int64_t square = 0;
  std::int64_t down = 0;
  std::int64_t along = 0;
};

/// Channels are read and written up to the next multiple of kTileLanes.
struct WinogradCount {
  std::int64_t squares = 0;
  std::int64_t channels = 0;
};

/// B^T d B of squares of an image, 4 x 4 to 4 x 4.
template <typename T>
void TransformImage(const Squares<const T>& from, const Squares<T>& to, WinogradCount count);

/// G g G^T of kernels, 3 x 3 to 4 x 4.
template <typename T>
void TransformKernel(const Squares<const T>& from, const Squares<T>& to, WinogradCount count);

/// A^T M A of sums, 4 x 4 to 2 x 2.
template <typename T>
void TransformSums(const Squares<const T>& from, const Squares<T>& to, WinogradCount count);

/// A y A^T of a gradient of the result, 2 x 2 to 4 x 4: the transpose of TransformSums.
template <typename T>
void TransformGradient(const Squares<const T>& from, const Squares<T>& to, WinogradCount count);

/// G^T M G of sums of gradients, 4 x 4 to 3 x 3: the transpose of TransformKernel.
template <typename T>
void TransformKernelSums(const Squares<const T>& from, const Squares<T>& to, WinogradCount count);

}  // namespace plgraph

#endif  // PLGRAPH_OPS_KERNELS_WINOGRAD_TRANSFORMS_H_
