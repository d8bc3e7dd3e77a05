#ifndef PLGRAPH_OPS_KERNELS_VECTOR_MATH_H_
#define PLGRAPH_OPS_KERNELS_VECTOR_MATH_H_

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace plgraph {

// Functions of the C library are calls, and a loop of calls stays scalar: a tanh a neuron then costs as much as a good
// part of its plastic connections. The float versions here have no call and no branch, so that loops over them become
// vector code. They are within 2 units in the last place. In double, which is for checking, the library's are taken.
//
// Choices are made in the bits of numbers, of which the magnitudes are ordered like integers: of comparisons of floats
// compilers make branches.

inline std::int32_t BitsOf(float x) { return std::bit_cast<std::int32_t>(x); }
inline std::int32_t BitsOfMagnitude(float x) { return BitsOf(x) & 0x7FFFFFFF; }
inline float PowerOfTwo(std::int32_t n) { return std::bit_cast<float>((n + 127) << 23); }

/// exp(x).
inline float FastExp(float x) {
  constexpr float kLimit = 105;  // beyond, the result is 0 or infinity
  constexpr float kLog2E = 1.44269504F;
  constexpr float kLn2High = 0.693359375F;  // few bits: n times it is exact
  constexpr float kLn2Low = -2.12194440e-4F;
  constexpr float kRound =
      12582912;  // 1.5 * 2^23: adding it leaves the nearest whole number in the last bits
  const std::int32_t magnitude = BitsOfMagnitude(x);
  const float inside = std::copysign(std::bit_cast<float>(std::min(magnitude, BitsOf(kLimit))), x);
  const float shifted = inside * kLog2E + kRound;
  const float whole = shifted - kRound;
  const float r = (inside - whole * kLn2High) - whole * kLn2Low;  // |r| <= ln(2) / 2
  float p = 1.9875691500e-4F;                                     // the polynomial of Cephes' expf
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * (r * r) + r + 1;
  const std::int32_t n = BitsOf(shifted) - BitsOf(kRound);
  const std::int32_t half = n >> 1;  // 2^n may overflow where the result does not
  const float result = p * PowerOfTwo(half) * PowerOfTwo(n - half);
  const std::int32_t not_a_number = ((BitsOf(INFINITY) - magnitude) >> 31) & BitsOf(NAN);  // stays that
  return std::bit_cast<float>(BitsOf(result) | not_a_number);
}
inline double FastExp(double x) { return std::exp(x); }

/// tanh(x).
inline float FastTanh(float x) {
  const float large = std::copysign(1 - 2 / (FastExp(2 * std::abs(x)) + 1), x);
  const float z = x * x;
  float p = -5.70498872745e-3F;  // the polynomial of Cephes' tanhf
  p = p * z + 2.06390887954e-2F;
  p = p * z - 5.37397155531e-2F;
  p = p * z + 1.33314422036e-1F;
  p = p * z - 3.33332819422e-1F;
  const float small = p * z * x + x;
  const std::int32_t is_small = (BitsOfMagnitude(x) - BitsOf(0.625F)) >> 31;  // all bits, or none
  return std::bit_cast<float>((BitsOf(small) & is_small) | (BitsOf(large) & ~is_small));
}
inline double FastTanh(double x) { return std::tanh(x); }

}  // namespace plgraph

#endif  // PLGRAPH_OPS_KERNELS_VECTOR_MATH_H_
