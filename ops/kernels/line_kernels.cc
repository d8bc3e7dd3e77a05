#include "ops/kernels/line_kernels.h"

// This file is compiled once for each kind of vector that it may meet.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/line_kernels.cc"
// clang-format off: the order matters
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace plgraph {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

constexpr std::int64_t kLinesAtOnce = 4;  // share the loads of what all lines need

// Calls body(d, j) for the columns from 0 on: whole vectors, then a half, then one element at a time.
template <typename T, typename Body>
HWY_INLINE void ForColumns(std::int64_t columns, const Body& body) {
  const hn::ScalableTag<T> whole;
  const hn::Half<decltype(whole)> half;
  const hn::CappedTag<T, 1> single;
  const std::int64_t step = static_cast<std::int64_t>(hn::Lanes(whole));
  std::int64_t j = 0;
  for (; j + step <= columns; j += step) body(whole, j);
  if (step >= 4 && j + step / 2 <= columns) {
    body(half, j);
    j += step / 2;
  }
  for (; j < columns; ++j) body(single, j);
}

// Calls body(i, lines) for all lines, kLinesAtOnce of them at once as long as there are as many.
template <typename Body>
HWY_INLINE void ForLines(std::int64_t lines, const Body& body) {
  std::int64_t i = 0;
  for (; i + kLinesAtOnce <= lines; i += kLinesAtOnce) {
    body(i, std::integral_constant<std::int64_t, kLinesAtOnce>());
  }
  for (; i < lines; ++i) body(i, std::integral_constant<std::int64_t, 1>());
}

// One line of a factor. A number that holds for the whole line is loaded before the loop over the columns.
template <typename T, bool kPerColumn>
struct FactorLine {
  FactorLine() = default;
  FactorLine(const LineFactor<T>& factor, std::int64_t i)
      : line(factor.data + i * factor.line_stride), number(*line) {}

  template <typename D>
  HWY_INLINE hn::Vec<D> At(D d, std::int64_t j) const {
    if constexpr (kPerColumn) {
      return hn::LoadU(d, line + j);
    } else {
      return hn::Set(d, number);
    }
  }

  const T* line = nullptr;
  T number = 0;
};

// One line of scale o (a b^T).
template <typename T, bool kPerColumn>
struct OuterLine {
  OuterLine() = default;
  OuterLine(const LineFactor<T>& factor, const T* a, std::int64_t i)
      : scale(factor, i), number(kPerColumn ? a[i] : scale.number * a[i]) {}

  template <typename D>
  HWY_INLINE hn::Vec<D> At(D d, hn::Vec<D> b, std::int64_t j) const {
    const auto outer = hn::Mul(hn::Set(d, number), b);
    if constexpr (kPerColumn) {
      return hn::Mul(scale.At(d, j), outer);
    } else {
      return outer;
    }
  }

  FactorLine<T, kPerColumn> scale;
  T number = 0;
};

// Calls body(std::bool_constant) for whether a factor differs from column to column.
template <typename T, typename Body>
HWY_INLINE void WithFactor(const LineFactor<T>& factor, const Body& body) {
  if (factor.column_stride != 0) {
    body(std::true_type());
  } else {
    body(std::false_type());
  }
}

// Calls body(scale_per_column, decay_per_column).
template <typename T, typename Body>
HWY_INLINE void WithFactors(const LineFactor<T>& scale, const LineFactor<T>& decay, const Body& body) {
  WithFactor(scale, [&](auto scale_per_column) HWY_ATTR {
    WithFactor(decay, [&](auto decay_per_column) HWY_ATTR { body(scale_per_column, decay_per_column); });
  });
}

template <typename T>
HWY_INLINE void Update(const Lines<T>& out, const Lines<const T>& base, const LineFactor<T>& decay,
                       const T* a, const T* b, const LineFactor<T>& scale, const LineCount& count) {
  WithFactors(scale, decay, [&](auto scale_per_column, auto decay_per_column) HWY_ATTR {
    ForLines(count.lines, [&](std::int64_t i, auto lines) HWY_ATTR {
      OuterLine<T, scale_per_column()> outer[lines];
      FactorLine<T, decay_per_column()> kept[lines];
      for (std::int64_t l = 0; l < lines; ++l) {
        outer[l] = {scale, a, i + l};
        if (base.data != nullptr) kept[l] = {decay, i + l};
      }
      T* line = out.data + i * out.stride;
      if (base.data == nullptr) {
        ForColumns<T>(count.columns, [&](auto d, std::int64_t j) HWY_ATTR {
          const auto post = hn::LoadU(d, b + j);
          for (std::int64_t l = 0; l < lines; ++l) {
            hn::StoreU(outer[l].At(d, post, j), d, line + l * out.stride + j);
          }
        });
        return;
      }
      const T* old = base.data + i * base.stride;
      ForColumns<T>(count.columns, [&](auto d, std::int64_t j) HWY_ATTR {
        const auto post = hn::LoadU(d, b + j);
        for (std::int64_t l = 0; l < lines; ++l) {
          const auto before = hn::LoadU(d, old + l * base.stride + j);
          hn::StoreU(hn::MulAdd(kept[l].At(d, j), before, outer[l].At(d, post, j)), d,
                     line + l * out.stride + j);
        }
      });
    });
  });
}

template <typename T>
HWY_INLINE void Invert(const Lines<T>& out, const Lines<const T>& next, const LineFactor<T>& decay,
                       const T* a, const T* b, const LineFactor<T>& scale, const LineCount& count) {
  WithFactors(scale, decay, [&](auto scale_per_column, auto decay_per_column) HWY_ATTR {
    ForLines(count.lines, [&](std::int64_t i, auto lines) HWY_ATTR {
      OuterLine<T, scale_per_column()> outer[lines];
      FactorLine<T, decay_per_column()> kept[lines];
      T inverse[lines];
      for (std::int64_t l = 0; l < lines; ++l) {
        outer[l] = {scale, a, i + l};
        kept[l] = {decay, i + l};
        inverse[l] = 1 / kept[l].number;
      }
      T* line = out.data + i * out.stride;
      const T* after = next.data + i * next.stride;
      ForColumns<T>(count.columns, [&](auto d, std::int64_t j) HWY_ATTR {
        const auto post = hn::LoadU(d, b + j);
        for (std::int64_t l = 0; l < lines; ++l) {
          const auto rest = hn::Sub(hn::LoadU(d, after + l * next.stride + j), outer[l].At(d, post, j));
          if constexpr (decay_per_column()) {
            hn::StoreU(hn::Div(rest, kept[l].At(d, j)), d, line + l * out.stride + j);
          } else {
            hn::StoreU(hn::Mul(rest, hn::Set(d, inverse[l])), d, line + l * out.stride + j);
          }
        }
      });
    });
  });
}

// One line of w + alpha o h.
template <typename T, bool kPlastic, bool kPerColumn>
struct WeightLine {
  WeightLine() = default;
  WeightLine(const Lines<const T>& w, const LineFactor<T>& factor, const Lines<const T>& h, std::int64_t i)
      : weight(w.data + i * w.stride) {
    if constexpr (kPlastic) {
      alpha = {factor, i};
      trace = h.data + i * h.stride;
    }
  }

  template <typename D>
  HWY_INLINE hn::Vec<D> At(D d, std::int64_t j) const {
    const auto fixed = hn::LoadU(d, weight + j);
    if constexpr (kPlastic) {
      return hn::MulAdd(alpha.At(d, j), hn::LoadU(d, trace + j), fixed);
    } else {
      return fixed;
    }
  }

  const T* weight = nullptr;
  FactorLine<T, kPerColumn> alpha;
  const T* trace = nullptr;
};

// Calls body(plastic, alpha_per_column), both std::bool_constant.
template <typename T, typename Body>
HWY_INLINE void WithPlasticity(const LineFactor<T>& alpha, const Lines<const T>& h, const Body& body) {
  if (h.data == nullptr) return body(std::false_type(), std::false_type());
  WithFactor(alpha, [&](auto per_column) HWY_ATTR { body(std::true_type(), per_column); });
}

template <typename T>
HWY_INLINE void AddWeighted(T* y, const T* x, const Lines<const T>& w, const LineFactor<T>& alpha,
                            const Lines<const T>& h, const LineCount& count) {
  WithPlasticity(alpha, h, [&](auto plastic, auto per_column) HWY_ATTR {
    ForLines(count.lines, [&](std::int64_t i, auto lines) HWY_ATTR {
      WeightLine<T, plastic(), per_column()> weights[lines];
      T pre[lines];
      for (std::int64_t l = 0; l < lines; ++l) {
        weights[l] = {w, alpha, h, i + l};
        pre[l] = x[i + l];
      }
      ForColumns<T>(count.columns, [&](auto d, std::int64_t j) HWY_ATTR {
        auto sum = hn::LoadU(d, y + j);
        for (std::int64_t l = 0; l < lines; ++l) {
          sum = hn::MulAdd(hn::Set(d, pre[l]), weights[l].At(d, j), sum);
        }
        hn::StoreU(sum, d, y + j);
      });
    });
  });
}

template <typename T>
HWY_INLINE void DotEach(T* y, const T* x, const Lines<const T>& w, const LineFactor<T>& alpha,
                        const Lines<const T>& h, const LineCount& count) {
  const hn::ScalableTag<T> whole;
  const hn::CappedTag<T, 1> single;
  const std::int64_t step = static_cast<std::int64_t>(hn::Lanes(whole));
  WithPlasticity(alpha, h, [&](auto plastic, auto per_column) HWY_ATTR {
    ForLines(count.lines, [&](std::int64_t i, auto lines) HWY_ATTR {
      WeightLine<T, plastic(), per_column()> weights[lines];
      hn::Vec<decltype(whole)> sums[lines];
      T rest[lines] = {};
      for (std::int64_t l = 0; l < lines; ++l) {
        weights[l] = {w, alpha, h, i + l};
        sums[l] = hn::Zero(whole);
      }
      std::int64_t j = 0;
      for (; j + step <= count.columns; j += step) {
        const auto xs = hn::LoadU(whole, x + j);
        for (std::int64_t l = 0; l < lines; ++l) sums[l] = hn::MulAdd(xs, weights[l].At(whole, j), sums[l]);
      }
      for (; j < count.columns; ++j) {
        for (std::int64_t l = 0; l < lines; ++l) rest[l] += x[j] * hn::GetLane(weights[l].At(single, j));
      }
      for (std::int64_t l = 0; l < lines; ++l) {
        y[i + l] = hn::GetLane(hn::SumOfLanes(whole, sums[l])) + rest[l];
      }
    });
  });
}

template <typename T>
HWY_INLINE void AddScaled(const Lines<T>& out, const T* a, const T* b, const Lines<const T>& s,
                          const LineCount& count) {
  ForLines(count.lines, [&](std::int64_t i, auto lines) HWY_ATTR {
    T pre[lines];
    for (std::int64_t l = 0; l < lines; ++l) pre[l] = a[i + l];
    T* line = out.data + i * out.stride;
    const T* scale = s.data + i * s.stride;
    ForColumns<T>(count.columns, [&](auto d, std::int64_t j) HWY_ATTR {
      const auto post = hn::LoadU(d, b + j);
      for (std::int64_t l = 0; l < lines; ++l) {
        const auto outer = hn::Mul(hn::Set(d, pre[l]), post);
        const auto old = hn::LoadU(d, line + l * out.stride + j);
        hn::StoreU(hn::MulAdd(outer, hn::LoadU(d, scale + l * s.stride + j), old), d,
                   line + l * out.stride + j);
      }
    });
  });
}

template <typename T>
HWY_INLINE T Dot(const T* a, const T* b, std::int64_t size) {
  const hn::ScalableTag<T> d;
  const std::int64_t step = static_cast<std::int64_t>(hn::Lanes(d));
  auto sum0 = hn::Zero(d);
  auto sum1 = hn::Zero(d);
  auto sum2 = hn::Zero(d);
  auto sum3 = hn::Zero(d);
  std::int64_t i = 0;
  for (; i + 4 * step <= size; i += 4 * step) {
    sum0 = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), sum0);
    sum1 = hn::MulAdd(hn::LoadU(d, a + i + step), hn::LoadU(d, b + i + step), sum1);
    sum2 = hn::MulAdd(hn::LoadU(d, a + i + 2 * step), hn::LoadU(d, b + i + 2 * step), sum2);
    sum3 = hn::MulAdd(hn::LoadU(d, a + i + 3 * step), hn::LoadU(d, b + i + 3 * step), sum3);
  }
  for (; i + step <= size; i += step) sum0 = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), sum0);
  T rest = 0;
  for (; i < size; ++i) rest += a[i] * b[i];
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3)))) + rest;
}

// What is exported has no templates.
// NOLINTBEGIN(bugprone-macro-parentheses): types
#define PLGRAPH_LINE_KERNELS(T, Suffix)                                                               \
  void Update##Suffix(Lines<T> out, Lines<const T> base, LineFactor<T> decay, const T* a, const T* b, \
                      LineFactor<T> scale, LineCount count) {                                         \
    Update<T>(out, base, decay, a, b, scale, count);                                                  \
  }                                                                                                   \
  void Invert##Suffix(Lines<T> out, Lines<const T> next, LineFactor<T> decay, const T* a, const T* b, \
                      LineFactor<T> scale, LineCount count) {                                         \
    Invert<T>(out, next, decay, a, b, scale, count);                                                  \
  }                                                                                                   \
  void AddWeighted##Suffix(T* y, const T* x, Lines<const T> w, LineFactor<T> alpha, Lines<const T> h, \
                           LineCount count) {                                                         \
    AddWeighted<T>(y, x, w, alpha, h, count);                                                         \
  }                                                                                                   \
  void DotEach##Suffix(T* y, const T* d, Lines<const T> w, LineFactor<T> alpha, Lines<const T> h,     \
                       LineCount count) {                                                             \
    DotEach<T>(y, d, w, alpha, h, count);                                                             \
  }                                                                                                   \
  void AddScaled##Suffix(Lines<T> out, const T* a, const T* b, Lines<const T> s, LineCount count) {   \
    AddScaled<T>(out, a, b, s, count);                                                                \
  }                                                                                                   \
  T Dot##Suffix(const T* a, const T* b, std::int64_t size) { return Dot<T>(a, b, size); }
// NOLINTEND(bugprone-macro-parentheses)

PLGRAPH_LINE_KERNELS(float, Float)
PLGRAPH_LINE_KERNELS(double, Double)

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace plgraph
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plgraph {
namespace {

HWY_EXPORT(UpdateFloat);
HWY_EXPORT(UpdateDouble);
HWY_EXPORT(InvertFloat);
HWY_EXPORT(InvertDouble);
HWY_EXPORT(AddWeightedFloat);
HWY_EXPORT(AddWeightedDouble);
HWY_EXPORT(DotEachFloat);
HWY_EXPORT(DotEachDouble);
HWY_EXPORT(AddScaledFloat);
HWY_EXPORT(AddScaledDouble);
HWY_EXPORT(DotFloat);
HWY_EXPORT(DotDouble);

}  // namespace

// NOLINTBEGIN(bugprone-macro-parentheses): types
#define PLGRAPH_DISPATCH_LINE_KERNELS(T, Suffix)                                                   \
  template <>                                                                                      \
  void UpdateLines(Lines<T> out, Lines<const T> base, LineFactor<T> decay, const T* a, const T* b, \
                   LineFactor<T> scale, LineCount count) {                                         \
    HWY_DYNAMIC_DISPATCH(Update##Suffix)(out, base, decay, a, b, scale, count);                    \
  }                                                                                                \
  template <>                                                                                      \
  void InvertLines(Lines<T> out, Lines<const T> next, LineFactor<T> decay, const T* a, const T* b, \
                   LineFactor<T> scale, LineCount count) {                                         \
    HWY_DYNAMIC_DISPATCH(Invert##Suffix)(out, next, decay, a, b, scale, count);                    \
  }                                                                                                \
  template <>                                                                                      \
  void AddWeightedLines(T* y, const T* x, Lines<const T> w, LineFactor<T> alpha, Lines<const T> h, \
                        LineCount count) {                                                         \
    HWY_DYNAMIC_DISPATCH(AddWeighted##Suffix)(y, x, w, alpha, h, count);                           \
  }                                                                                                \
  template <>                                                                                      \
  void DotLines(T* y, const T* d, Lines<const T> w, LineFactor<T> alpha, Lines<const T> h,         \
                LineCount count) {                                                                 \
    HWY_DYNAMIC_DISPATCH(DotEach##Suffix)(y, d, w, alpha, h, count);                               \
  }                                                                                                \
  template <>                                                                                      \
  void AddScaledOuter(Lines<T> out, const T* a, const T* b, Lines<const T> s, LineCount count) {   \
    HWY_DYNAMIC_DISPATCH(AddScaled##Suffix)(out, a, b, s, count);                                  \
  }                                                                                                \
  template <>                                                                                      \
  T DotOf(const T* a, const T* b, std::int64_t size) {                                             \
    return HWY_DYNAMIC_DISPATCH(Dot##Suffix)(a, b, size);                                          \
  }
// NOLINTEND(bugprone-macro-parentheses)

PLGRAPH_DISPATCH_LINE_KERNELS(float, Float)
PLGRAPH_DISPATCH_LINE_KERNELS(double, Double)

}  // namespace plgraph
#endif  // HWY_ONCE
