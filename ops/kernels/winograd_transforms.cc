#include "ops/kernels/winograd_transforms.h"

// This file is compiled once for each kind of vector that it may meet.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/winograd_transforms.cc"
// clang-format off: the order matters
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace plgraph {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Each matrix is applied to one column of numbers: `to` = matrix x `from`.

struct ImageMatrix {  // B^T
  static constexpr int kFrom = 4;
  static constexpr int kTo = 4;
  template <class V>
  static HWY_INLINE void Apply(const V* from, V* to) {
    to[0] = hn::Sub(from[0], from[2]);
    to[1] = hn::Add(from[1], from[2]);
    to[2] = hn::Sub(from[2], from[1]);
    to[3] = hn::Sub(from[1], from[3]);
  }
};

struct KernelMatrix {  // G
  static constexpr int kFrom = 3;
  static constexpr int kTo = 4;
  template <class V>
  static HWY_INLINE void Apply(const V* from, V* to) {
    const V half = hn::Set(hn::DFromV<V>(), 0.5);
    const V outer = hn::Add(from[0], from[2]);
    to[0] = from[0];
    to[1] = hn::Mul(half, hn::Add(outer, from[1]));
    to[2] = hn::Mul(half, hn::Sub(outer, from[1]));
    to[3] = from[2];
  }
};

struct SumsMatrix {  // A^T
  static constexpr int kFrom = 4;
  static constexpr int kTo = 2;
  template <class V>
  static HWY_INLINE void Apply(const V* from, V* to) {
    to[0] = hn::Add(hn::Add(from[0], from[1]), from[2]);
    to[1] = hn::Sub(hn::Sub(from[1], from[2]), from[3]);
  }
};

struct GradientMatrix {  // A
  static constexpr int kFrom = 2;
  static constexpr int kTo = 4;
  template <class V>
  static HWY_INLINE void Apply(const V* from, V* to) {
    to[0] = from[0];
    to[1] = hn::Add(from[0], from[1]);
    to[2] = hn::Sub(from[0], from[1]);
    to[3] = hn::Neg(from[1]);
  }
};

struct KernelSumsMatrix {  // G^T
  static constexpr int kFrom = 4;
  static constexpr int kTo = 3;
  template <class V>
  static HWY_INLINE void Apply(const V* from, V* to) {
    const V half = hn::Set(hn::DFromV<V>(), 0.5);
    const V even = hn::Mul(half, hn::Add(from[1], from[2]));
    to[0] = hn::Add(from[0], even);
    to[1] = hn::Mul(half, hn::Sub(from[1], from[2]));
    to[2] = hn::Add(even, from[3]);
  }
};

template <class Matrix, typename T>
HWY_INLINE void Transform(const Squares<const T>& from, const Squares<T>& to, WinogradCount count) {
  constexpr int kFrom = Matrix::kFrom;
  constexpr int kTo = Matrix::kTo;
  const hn::CappedTag<T, 16> d;
  using V = hn::Vec<decltype(d)>;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t n = 0; n < count.squares; ++n) {
    for (std::int64_t channel = 0; channel < count.channels; channel += lanes) {
      const T* in = from.data + n * from.square + channel;
      V half_way[kTo][kFrom];  // transformed along each column
      for (int j = 0; j < kFrom; ++j) {
        V numbers[kFrom];
        V transformed[kTo];
        for (int i = 0; i < kFrom; ++i) numbers[i] = hn::LoadU(d, in + i * from.down + j * from.along);
        Matrix::Apply(numbers, transformed);
        for (int i = 0; i < kTo; ++i) half_way[i][j] = transformed[i];
      }
      T* out = to.data + n * to.square + channel;
      for (int i = 0; i < kTo; ++i) {
        V transformed[kTo];
        Matrix::Apply(half_way[i], transformed);
        for (int j = 0; j < kTo; ++j) hn::StoreU(transformed[j], d, out + i * to.down + j * to.along);
      }
    }
  }
}

#define PLGRAPH_WINOGRAD_TRANSFORM(Name)                                                                 \
  void Name##Float(const Squares<const float>& from, const Squares<float>& to, WinogradCount count) {    \
    Transform<Name##Matrix>(from, to, count);                                                            \
  }                                                                                                      \
  void Name##Double(const Squares<const double>& from, const Squares<double>& to, WinogradCount count) { \
    Transform<Name##Matrix>(from, to, count);                                                            \
  }

PLGRAPH_WINOGRAD_TRANSFORM(Image)
PLGRAPH_WINOGRAD_TRANSFORM(Kernel)
PLGRAPH_WINOGRAD_TRANSFORM(Sums)
PLGRAPH_WINOGRAD_TRANSFORM(Gradient)
PLGRAPH_WINOGRAD_TRANSFORM(KernelSums)

#undef PLGRAPH_WINOGRAD_TRANSFORM

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace plgraph
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plgraph {

#define PLGRAPH_WINOGRAD_TRANSFORM(Name)                                                                    \
  HWY_EXPORT(Name##Float);                                                                                  \
  HWY_EXPORT(Name##Double);                                                                                 \
  template <>                                                                                               \
  void Transform##Name(const Squares<const float>& from, const Squares<float>& to, WinogradCount count) {   \
    HWY_DYNAMIC_DISPATCH(Name##Float)(from, to, count);                                                     \
  }                                                                                                         \
  template <>                                                                                               \
  void Transform##Name(const Squares<const double>& from, const Squares<double>& to, WinogradCount count) { \
    HWY_DYNAMIC_DISPATCH(Name##Double)(from, to, count);                                                    \
  }

PLGRAPH_WINOGRAD_TRANSFORM(Image)
PLGRAPH_WINOGRAD_TRANSFORM(Kernel)
PLGRAPH_WINOGRAD_TRANSFORM(Sums)
PLGRAPH_WINOGRAD_TRANSFORM(Gradient)
PLGRAPH_WINOGRAD_TRANSFORM(KernelSums)

#undef PLGRAPH_WINOGRAD_TRANSFORM

}  // namespace plgraph
#endif  // HWY_ONCE
