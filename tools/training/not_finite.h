#ifndef PLGRAPH_TOOLS_TRAINING_NOT_FINITE_H_
#define PLGRAPH_TOOLS_TRAINING_NOT_FINITE_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <type_traits>

#include "core/error.h"
#include "core/shape.h"
#include "core/threads.h"

namespace plgraph {

/// A number of a training is NaN or infinite; the message says which, and from where it came.
class NotFiniteError : public Error {
 public:
  enum class Cause {
    kTraining,  ///< the parameters have grown, or an op met numbers that it is not defined for
    kGiven,     ///< it came with the data or a file: it comes again whatever is trained
  };
  NotFiniteError(const std::string& message, Cause cause)
      : Error(ErrorKind::kRuntime, message), cause_(cause) {}
  Cause cause() const { return cause_; }

 private:
  Cause cause_;
};

/// Whether all numbers seen are finite, inside a loop that the compiler vectorizes: there is no branch.
template <typename T>
class FiniteCheck {
 public:
  void See(T value) { carries_ |= (std::bit_cast<Bits>(value) & kExponent) + kLowestExponentBit; }
  bool AllFinite() const { return carries_ <= (~Bits{0} >> 1); }

 private:
  using Bits = std::conditional_t<sizeof(T) == sizeof(std::uint32_t), std::uint32_t, std::uint64_t>;
  static constexpr Bits kLowestExponentBit = Bits{1} << (std::numeric_limits<T>::digits - 1);
  static constexpr Bits kExponent = (~Bits{0} >> 1) & ~(kLowestExponentBit - 1);

  Bits carries_ = 0;  // a full exponent, which only NaN and infinity have, carries into the sign
};

/// Whether all numbers are finite. One pass at the speed of memory.
bool AllFinite(std::span<const float> values, ThreadPool& threads);

/// The place of the first number that is not finite.
std::optional<size_t> FirstNotFinite(std::span<const float> values);

/// `[2, 0]`: the place of an element in an array of this shape.
std::string PlaceText(const Shape& shape, size_t element);

/// `nan at [2, 0]`: a number and its place in an array of this shape; of a scalar the number alone.
std::string ElementText(const Shape& shape, size_t element, float value);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_NOT_FINITE_H_
