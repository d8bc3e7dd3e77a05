#ifndef PLGRAPH_OPS_STRIDED_LOOP_H_
#define PLGRAPH_OPS_STRIDED_LOOP_H_

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/shape.h"

namespace plgraph {

/// The largest rank of a value's shape. Shape rules refuse more, so that kernels need no memory of their own.
constexpr int kMaxRank = 8;

/// A loop is shared among threads when each of them gets this many elements, of ops that do little more than move
/// them and of ops that compute something like exp.
constexpr std::int64_t kCheapGrain = 16384;
constexpr std::int64_t kCostlyGrain = 256;
/// Ranges of elements begin at multiples of this: a cache line of floats.
constexpr std::int64_t kRangeAlign = 16;

/// A loop over the elements of several values at once. An axis has an extent, and for each value the distance from
/// one place of the axis to the next: 0 where the value is repeated. The instances of a kernel call are one more axis.
/// Axes that continue each other become one, so that what is contiguous is a single long run.
template <size_t kValues>
class StridedLoop {
 public:
  using Offsets = std::array<std::int64_t, kValues>;

  /// Adds an axis inside those that are there.
  void AddAxis(std::int64_t extent, const Offsets& strides) {
    if (extent == 1) return;
    if (axes_ > 0 && Continues(extent, strides)) {
      extents_[axes_ - 1] *= extent;
      strides_[axes_ - 1] = strides;
      return;
    }
    extents_[axes_] = extent;
    strides_[axes_] = strides;
    ++axes_;
  }

  size_t axes() const { return axes_; }
  std::int64_t extent(size_t axis) const { return extents_[axis]; }
  const Offsets& strides(size_t axis) const { return strides_[axis]; }
  /// Of the innermost axis: the strides of a run.
  Offsets RunStrides() const { return axes_ == 0 ? Offsets{} : strides_[axes_ - 1]; }
  std::int64_t NumElements() const {
    std::int64_t count = 1;
    for (size_t axis = 0; axis < axes_; ++axis) count *= extents_[axis];
    return count;
  }

  /// The same loop over the places [begin, end) of one axis only.
  StridedLoop Part(size_t axis, std::int64_t begin, std::int64_t end) const {
    StridedLoop part = *this;
    part.extents_[axis] = end - begin;
    for (size_t v = 0; v < kValues; ++v) part.base_[v] += begin * strides_[axis][v];
    return part;
  }

  /// Calls body(offsets, n) for runs of n elements along the innermost axis that cover the elements [begin, end) of
  /// the loop in order; offsets are those of a run's first element.
  template <typename Body>
  void Run(std::int64_t begin, std::int64_t end, const Body& body) const {
    std::array<std::int64_t, kMaxRank + 1> place{};
    Offsets offsets = Start(begin, place);
    if (axes_ == 0) {
      if (begin < end) body(offsets, std::int64_t{1});
      return;
    }
    const size_t inner = axes_ - 1;
    while (begin < end) {
      const std::int64_t n = std::min(extents_[inner] - place[inner], end - begin);
      body(offsets, n);
      begin += n;
      for (size_t v = 0; v < kValues; ++v) offsets[v] -= place[inner] * strides_[inner][v];
      place[inner] = 0;
      for (size_t axis = inner; axis-- > 0;) {
        if (Step(axis, place, offsets)) break;
      }
    }
  }

 private:
  bool Continues(std::int64_t extent, const Offsets& strides) const {
    for (size_t v = 0; v < kValues; ++v) {
      if (strides_[axes_ - 1][v] != extent * strides[v]) return false;
    }
    return true;
  }

  Offsets Start(std::int64_t element, std::array<std::int64_t, kMaxRank + 1>& place) const {
    Offsets offsets = base_;
    for (size_t axis = axes_; axis-- > 0;) {
      place[axis] = element % extents_[axis];
      element /= extents_[axis];
      for (size_t v = 0; v < kValues; ++v) offsets[v] += place[axis] * strides_[axis][v];
    }
    return offsets;
  }

  // To the next place of an axis; false when it starts again from its first place.
  bool Step(size_t axis, std::array<std::int64_t, kMaxRank + 1>& place, Offsets& offsets) const {
    const bool more = ++place[axis] < extents_[axis];
    const std::int64_t steps = more ? 1 : 1 - extents_[axis];
    for (size_t v = 0; v < kValues; ++v) offsets[v] += steps * strides_[axis][v];
    if (!more) place[axis] = 0;
    return more;
  }

  size_t axes_ = 0;
  std::array<std::int64_t, kMaxRank + 1> extents_{};
  std::array<Offsets, kMaxRank + 1> strides_{};
  Offsets base_{};
};

using AxisStrides = std::array<std::int64_t, kMaxRank>;

/// From place to place of each axis of `to`, in a contiguous value of `shape` that is repeated to it by the rules of
/// broadcasting: aligned at the last axis, an axis of 1 or a missing one repeated.
inline AxisStrides BroadcastStrides(const Shape& shape, const Shape& to) {
  AxisStrides strides{};
  const int missing = to.rank() - shape.rank();
  std::int64_t stride = 1;
  for (int axis = shape.rank(); axis-- > 0;) {
    const int place = axis + missing;
    strides[static_cast<size_t>(place)] = shape.dim(axis) == 1 ? 0 : stride;
    stride *= shape.dim(axis);
  }
  return strides;
}

/// The loop over `instances` instances of `shape`.
template <size_t kValues>
StridedLoop<kValues> LoopOver(std::int64_t instances,
                              const std::array<std::int64_t, kValues>& instance_strides, const Shape& shape,
                              const std::array<AxisStrides, kValues>& strides) {
  StridedLoop<kValues> loop;
  loop.AddAxis(instances, instance_strides);
  for (int axis = 0; axis < shape.rank(); ++axis) {
    std::array<std::int64_t, kValues> of_axis{};
    for (size_t v = 0; v < kValues; ++v) of_axis[v] = strides[v][static_cast<size_t>(axis)];
    loop.AddAxis(shape.dim(axis), of_axis);
  }
  return loop;
}

}  // namespace plgraph

#endif  // PLGRAPH_OPS_STRIDED_LOOP_H_
