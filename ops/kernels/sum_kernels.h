#ifndef PLGRAPH_OPS_KERNELS_SUM_KERNELS_H_
#define PLGRAPH_OPS_KERNELS_SUM_KERNELS_H_

#include <cstdint>

namespace plgraph {

/// Sums of floats or doubles, taken in double, in vector code for the widest vectors that the machine has. Their order
/// depends on the number of terms alone: the bits are the same for every kind of vector. A sum of equal floats is exact,
/// up to 2^29 of them.

/// Terms that are summed at once, side by side.
constexpr std::int64_t kSumLanes = 32;

/// sum_i x_i of kSumLanes terms or more.
template <typename T>
double SumOfMany(const T* x, std::int64_t size);
/// sums_i += x_i for kSumLanes terms or more.
template <typename T>
void AddManyTo(double* sums, const T* x, std::int64_t size);

/// sum_i x_i.
template <typename T>
double SumOf(const T* x, std::int64_t size) {
  if (size >= kSumLanes) return SumOfMany(x, size);
  double sum = 0;
  for (std::int64_t i = 0; i < size; ++i) sum += static_cast<double>(x[i]);
  return sum;
}

/// sums_i += x_i.
template <typename T>
void AddTo(double* sums, const T* x, std::int64_t size) {
  if (size >= kSumLanes) return AddManyTo(sums, x, size);
  for (std::int64_t i = 0; i < size; ++i) sums[i] += static_cast<double>(x[i]);
}

/// sum_i a_i b_i. Blocks of products are summed in T, the blocks in double.
template <typename T>
double DotOf(const T* a, const T* b, std::int64_t size);

}  // namespace plgraph

#endif  // PLGRAPH_OPS_KERNELS_SUM_KERNELS_H_
