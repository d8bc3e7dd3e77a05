#include "ops/kernels/fused_row_kernels.h"

// This file is compiled once for each kind of vector that it may meet.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/fused_row_kernels.cc"
// clang-format off: the order matters
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/kernels/rows-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace plgraph {
namespace HWY_NAMESPACE {
namespace {

// Columns from which on a row that comes from memory is best read alone, from its begin to its end.
constexpr std::int64_t kLongRow = 512;
// In the backward pass, so many rows have what they need in registers.
constexpr std::int64_t kRowsBack = 1;

enum class FactorKind { kNumber, kColumns, kElements };

// A factor of the elements of some rows. `row` counts from the first of them, `at` is where the element is in
// their matrices, and j its column.
template <typename T, FactorKind kKind>
struct Factor {
  Factor(const RowFactor<T>& factor, std::int64_t first)
      : data(factor.data + first * factor.row_stride), number(*data) {}

  template <typename D>
  HWY_INLINE hn::Vec<D> At(D d, std::int64_t at, std::int64_t j) const {
    if constexpr (kKind == FactorKind::kNumber) {
      return hn::Set(d, number);
    } else {
      return hn::LoadU(d, data + (kKind == FactorKind::kElements ? at : j));
    }
  }

  const T* data;
  T number;
};

// Calls body with the kind of a factor, as an integral constant.
template <typename T, typename Body>
HWY_INLINE void WithKind(const RowFactor<T>& factor, const Body& body) {
  if (factor.column_stride == 0) {
    body(std::integral_constant<FactorKind, FactorKind::kNumber>());
  } else if (factor.row_stride == 0) {
    body(std::integral_constant<FactorKind, FactorKind::kColumns>());
  } else {
    body(std::integral_constant<FactorKind, FactorKind::kElements>());
  }
}

// The arguments are copies: what a pointer leads to might be changed by a store, and would be loaded again.
template <std::int64_t kAtOnce, typename T>
HWY_INLINE void UpdateThenAddWeighted(T* next, const T* base, TraceUpdate<T> update, T* y, const T* x,
                                      PlasticWeights<T> weights, RowCount count) {
  WithKind(weights.plasticity, [&](auto kind) HWY_ATTR {
    ForRows<kAtOnce>(count.rows, [&](std::int64_t i, auto rows) HWY_ATTR {
      const Factor<T, kind()> plasticity(weights.plasticity, i);
      T outer[rows];
      T pre[rows];
      for (std::int64_t l = 0; l < rows; ++l) {
        outer[l] = *update.scale.data * update.pre[i + l];
        pre[l] = x[i + l];
      }
      T* row = next + i * count.columns;
      const T* before = base + i * count.columns;
      const T* weight = weights.weight + i * count.columns;
      ForColumns<T>(count.columns, [&](auto d, std::int64_t j) HWY_ATTR {
        const auto post = hn::LoadU(d, update.post + j);
        auto sum = hn::LoadU(d, y + j);
        for (std::int64_t l = 0; l < rows; ++l) {
          const std::int64_t at = l * count.columns + j;
          const auto added = hn::Mul(hn::Set(d, outer[l]), post);
          const auto updated = hn::MulAdd(hn::Set(d, update.decay), hn::LoadU(d, before + at), added);
          hn::StoreU(updated, d, row + at);
          const auto whole = hn::MulAdd(plasticity.At(d, at, j), updated, hn::LoadU(d, weight + at));
          sum = hn::MulAdd(hn::Set(d, pre[l]), whole, sum);
        }
        hn::StoreU(sum, d, y + j);
      });
    });
  });
}

// Not inline: in one function with the other kind the compiler would keep the arguments of both in memory.
template <bool kLong, typename T>
HWY_NOINLINE T StepBackThrough(StepBack<T> step, RowCount count) {
  RowSum<T> of_decay;
  const T inverse = 1 / step.update.decay;
  WithKind(step.weights.plasticity, [&](auto kind) HWY_ATTR {
    ForRows<kRowsBack>(count.rows, [&](std::int64_t i, auto rows) HWY_ATTR {
      const Factor<T, kind()> plasticity(step.weights.plasticity, i);
      RowSum<T> of_x[rows];
      RowSum<T> of_pre[rows];
      RowSum<T> decay_of_rows;
      T x[rows];
      T pre[rows];
      T added[rows];
      for (std::int64_t l = 0; l < rows; ++l) {
        x[l] = step.x[i + l];
        pre[l] = step.update.pre[i + l];
        added[l] = *step.update.scale.data * pre[l];
      }
      const std::int64_t first = i * count.columns;
      std::array<const T*, kLong ? 5 : 0> ahead;
      if constexpr (kLong) {
        ahead = {step.weights.trace + first, step.weights.weight + first, plasticity.data, step.g + first,
                 step.d_alpha + first};
      }
      ForColumns<T>(count.columns, ahead, [&](auto d, std::int64_t j) HWY_ATTR {
        const auto d_y = hn::LoadU(d, step.d + j);
        const auto post = hn::LoadU(d, step.update.post + j);
        auto of_post = hn::LoadU(d, step.d_post + j);
        for (std::int64_t l = 0; l < rows; ++l) {
          const std::int64_t at = first + l * count.columns + j;
          const auto after = hn::LoadU(d, step.weights.trace + at);
          const auto alpha = plasticity.At(d, at - first, j);
          of_x[l].MulAdd(d, d_y, hn::MulAdd(alpha, after, hn::LoadU(d, step.weights.weight + at)));
          const auto outer = hn::Mul(hn::Set(d, x[l]), d_y);
          hn::StoreU(hn::MulAdd(outer, after, hn::LoadU(d, step.d_alpha + at)), d, step.d_alpha + at);
          const auto g =
              hn::MulAdd(hn::Set(d, step.g_decay), hn::LoadU(d, step.g + at), hn::Mul(alpha, outer));
          hn::StoreU(g, d, step.g + at);
          of_pre[l].MulAdd(d, post, g);
          of_post = hn::MulAdd(hn::Set(d, pre[l]), g, of_post);
          const auto before = hn::Mul(hn::NegMulAdd(hn::Set(d, added[l]), post, after), hn::Set(d, inverse));
          hn::StoreU(before, d, step.h + at);
          decay_of_rows.MulAdd(d, before, g);
        }
        hn::StoreU(of_post, d, step.d_post + j);
      });
      for (std::int64_t l = 0; l < rows; ++l) {
        step.d_x[i + l] = of_x[l].Total();
        step.d_pre[i + l] = of_pre[l].Total();
      }
      of_decay.Add(decay_of_rows);
    });
  });
  return of_decay.Total();
}

// What is exported has no templates.
// NOLINTBEGIN(bugprone-macro-parentheses): types
#define PLGRAPH_FUSED_LINE_KERNELS(T, Suffix)                                                               \
  void UpdateAndAddWeighted##Suffix(T* next, const T* base, const TraceUpdate<T>& update, T* y, const T* x, \
                                    const PlasticWeights<T>& weights, RowCount count) {                     \
    if (count.columns >= kLongRow) {                                                                        \
      UpdateThenAddWeighted<1>(next, base, update, y, x, weights, count);                                   \
    } else {                                                                                                \
      UpdateThenAddWeighted<kRowsAtOnce>(next, base, update, y, x, weights, count);                         \
    }                                                                                                       \
  }                                                                                                         \
  T RunStepBack##Suffix(const StepBack<T>& step, RowCount count) {                                          \
    return count.columns >= kLongRow ? StepBackThrough<true, T>(step, count)                                \
                                     : StepBackThrough<false, T>(step, count);                              \
  }
// NOLINTEND(bugprone-macro-parentheses)

PLGRAPH_FUSED_LINE_KERNELS(float, Float)
PLGRAPH_FUSED_LINE_KERNELS(double, Double)

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace plgraph
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plgraph {
namespace {

HWY_EXPORT(UpdateAndAddWeightedFloat);
HWY_EXPORT(UpdateAndAddWeightedDouble);
HWY_EXPORT(RunStepBackFloat);
HWY_EXPORT(RunStepBackDouble);

}  // namespace

// NOLINTBEGIN(bugprone-macro-parentheses): types
#define PLGRAPH_DISPATCH_FUSED_LINE_KERNELS(T, Suffix)                                              \
  template <>                                                                                       \
  void UpdateAndAddWeighted(T* next, const T* base, const TraceUpdate<T>& update, T* y, const T* x, \
                            const PlasticWeights<T>& weights, RowCount count) {                     \
    HWY_DYNAMIC_DISPATCH(UpdateAndAddWeighted##Suffix)(next, base, update, y, x, weights, count);   \
  }                                                                                                 \
  template <>                                                                                       \
  T RunStepBack(const StepBack<T>& step, RowCount count) {                                          \
    return HWY_DYNAMIC_DISPATCH(RunStepBack##Suffix)(step, count);                                  \
  }
// NOLINTEND(bugprone-macro-parentheses)

PLGRAPH_DISPATCH_FUSED_LINE_KERNELS(float, Float)
PLGRAPH_DISPATCH_FUSED_LINE_KERNELS(double, Double)

}  // namespace plgraph
#endif  // HWY_ONCE
