// Invert: the trace H before an update H' = decay o H + scale o (a b^T), from H' after it:
//   H = (H' - scale o (a b^T)) / decay,
// so that the backward pass needs no trace that was kept. Each inversion makes the rounding errors of all before
// larger by 1 / decay. `growth` and `growth_next` are the sums of log(1 / decay) before and after the update;
// where the sum passes a multiple of log 4, H is recomputed from the updates that led to it since its last
// snapshot, by the arithmetic of the forward pass. Updates whose share has decayed below the rounding of H are left
// out. Without `snapshot_every`, the only snapshot is that of step 0; no snapshot: H was zero there.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "graph/plan/fusion.h"
#include "ops/kernels/fused_row_kernels.h"
#include "ops/kernels/operand_rows.h"
#include "ops/kernels/rows.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

constexpr std::int64_t kRowsAtOnce = 4;

enum Operand : size_t { kNext, kDecay, kA, kB, kScale, kGrowth, kGrowthNext, kSnapshot };

// What an operand was `back` steps ago.
template <typename T>
OperandInstances<T> Earlier(const OperandInstances<T>& operand, std::int64_t back) {
  OperandInstances<T> earlier = operand;
  if (operand) earlier.data -= back * operand.step_stride;
  return earlier;
}

template <typename T>
bool MustRecompute(const KernelArgs<T>& args, std::int64_t instance) {
  if (!args.Has(kGrowth)) return false;
  const OperandInstances<T>& decay = args.operand(kDecay);
  if (decay.size() == 1 && *decay.Instance(instance) == 0) return true;  // nothing is left to invert
  const T after = *args.operand(kGrowthNext).Instance(instance);
  if (!std::isfinite(after)) return true;
  constexpr T kLimit = 2 * std::numbers::ln2_v<T>;  // two bits of rounding
  return std::floor(after / kLimit) != std::floor(*args.operand(kGrowth).Instance(instance) / kLimit);
}

template <typename T>
T LargestDecay(const OperandInstances<T>& decay, std::int64_t instance) {
  const T* values = decay.Instance(instance);
  T largest = 0;
  for (std::int64_t i = 0; i < decay.size(); ++i) largest = std::max(largest, std::abs(values[i]));
  return largest;
}

template <typename T>
std::int64_t UpdatesSinceSnapshot(const KernelArgs<T>& args) {
  const std::int64_t every = args.Integer(0);
  return every > 0 ? args.step % every : args.step;
}

// How many of the latest updates make up H but for its rounding.
template <typename T>
std::int64_t UpdatesThatCount(const KernelArgs<T>& args, std::int64_t instance) {
  const std::int64_t most = UpdatesSinceSnapshot(args);
  const OperandInstances<T>& decay = args.operand(kDecay);
  T share = 1;
  std::int64_t updates = 0;
  while (updates < most && share > std::numeric_limits<T>::epsilon() / 8) {
    ++updates;
    share *= LargestDecay(Earlier(decay, updates), instance);
  }
  return updates;
}

// Some rows of H, by the latest updates, one after the other.
template <typename T>
void RecomputeRows(const KernelArgs<T>& args, std::int64_t instance, std::int64_t begin, std::int64_t end,
                   std::int64_t updates) {
  const RowCount count = {end - begin, args.shape->dim(1)};
  const Rows<T> h = RowsOfResult(args, instance, begin);
  const std::int64_t elements = count.rows * count.columns;
  if (updates == UpdatesSinceSnapshot(args) && args.Has(kSnapshot)) {
    std::copy_n(args.operand(kSnapshot).Instance(instance) + begin * count.columns, elements, h.data);
  } else {
    std::fill_n(h.data, elements, T{0});
  }
  for (std::int64_t back = updates; back > 0; --back) {
    UpdateRows({h.data, h.stride}, {h.data, h.stride},
               FactorOf(Earlier(args.operand(kDecay), back), instance, begin),
               Earlier(args.operand(kA), back).Instance(instance) + begin,
               Earlier(args.operand(kB), back).Instance(instance),
               FactorOf(Earlier(args.operand(kScale), back), instance, begin), count);
  }
}

template <typename T>
void Invert(const KernelArgs<T>& args, std::int64_t instance, std::int64_t begin, std::int64_t end) {
  InvertRows(RowsOfResult(args, instance, begin), RowsOfInstance(args.operand(kNext), instance, begin),
             FactorOf(args.operand(kDecay), instance, begin), args.operand(kA).Instance(instance) + begin,
             args.operand(kB).Instance(instance), FactorOf(args.operand(kScale), instance, begin),
             {end - begin, args.shape->dim(1)});
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  ForRows(*args.threads, args.instances, args.shape->dim(0), args.shape->dim(1),
          [&](std::int64_t instance, std::int64_t begin, std::int64_t end) {
            if (!MustRecompute(args, instance)) return Invert(args, instance, begin, end);
            const std::int64_t updates = UpdatesThatCount(args, instance);
            // Few rows at a time stay in the first cache through all updates.
            for (; begin < end; begin += kRowsAtOnce) {
              RecomputeRows(args, instance, begin, std::min(end, begin + kRowsAtOnce), updates);
            }
          });
}

RowUse UseOfRows(const ShapeArgs& args, const Shape&) {
  return {RowUse::kEach,
          {true, IsMatrix(args, kDecay), true, false, IsMatrix(args, kScale), false, false,
           IsMatrix(args, kSnapshot)}};
}

std::int64_t Flops(const ShapeArgs&, const Shape& result) { return 4 * result.NumElements(); }

const OpDef kInvert = {
    .name = "Invert",
    .operands = {{"next", "N M"},
                 {"decay", " | M | N 1 | N M", true},
                 {"a", "N"},
                 {"b", "M"},
                 {"scale", " | M | N 1 | N M", true},
                 {"growth", "", true},
                 {"growth_next", "", true},
                 {"snapshot", "N M", true}},
    .attributes = {"snapshot_every"},
    .result = "N M",
    .inplace = {kNext},
    .adjoint = NotDifferentiable,  // made after autodiff
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = Flops,
    .rows = UseOfRows,
    .snapshot = kSnapshot,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kInvert);

// One step of the backward pass: the gradients of the read at the step after, the gradient of the trace and what
// follows from it at this step, and the trace before the update of this step.
template <typename T>
bool GoBack(std::span<const KernelArgs<T>> members) {
  enum Member : size_t { kOfX, kOfAlpha, kOfTrace, kOfPre, kOfPost, kTrace, kOfDecay };
  const KernelArgs<T>& of_x = members[kOfX];
  const KernelArgs<T>& of_trace = members[kOfTrace];
  const KernelArgs<T>& trace = members[kTrace];
  if (of_trace.operand(kNext).data != of_trace.result || MustRecompute(trace, 0)) return false;
  if (CountOf(trace).columns > kMostFusedColumns || CountOf(trace).rows > kMostFusedRows) return false;
  const KernelArgs<T>& of_post = members[kOfPost];
  std::fill_n(of_post.result, of_post.size(), T{0});
  StepBack<T> step;
  step.weights = {of_x.operand(1).Instance(0), FactorOf(of_x.operand(2), 0, 0), of_x.operand(3).Instance(0)};
  step.x = of_trace.operand(kA).Instance(0);
  step.d = of_x.operand(0).Instance(0);
  step.d_x = of_x.result;
  step.d_alpha = members[kOfAlpha].result;
  step.g = of_trace.result;
  step.g_decay = UpdateOf(of_trace).decay;
  step.update = UpdateOf(trace);
  step.h = trace.result;
  step.d_pre = members[kOfPre].result;
  step.d_post = of_post.result;
  *members[kOfDecay].result = RunStepBack(step, CountOf(trace));
  return true;
}

const Fusion kGoBack = {
    .members = {{"PlasticMatMulTransposed", {"d", "weight", "alpha", "next"}, "d_x"},
                {"OuterSum", {"x", "d", "next"}, "d_alpha"},
                {"DecayedOuter", {"d_next", "decay_after", "x", "d", "alpha"}, "d_trace"},
                {"MatMul", {"d_trace", "post"}, "d_pre"},
                {"MatMul", {"pre", "d_trace"}, "d_post"},
                {"Invert",
                 {"next", "decay", "pre", "post", "rate", "growth", "growth_next", "snapshot"},
                 "trace"},
                {"Dot", {"d_trace", "trace"}, "d_decay"}},
    .scalars = {"decay_after", "decay", "rate"},
    .optional = {"decay_after", "decay", "rate", "growth", "growth_next", "snapshot"},
    .kernel = PLGRAPH_FUSED_KERNEL(GoBack),
};
PLGRAPH_REGISTER_FUSION(kGoBack);

}  // namespace
}  // namespace plgraph
