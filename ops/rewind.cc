// Rewind: the trace H before an update H' = decay o H + scale o (a b^T), from H' after it:
//   H = (H' - scale o (a b^T)) / decay,
// so that the way back needs no trace that was kept. Each inversion makes the rounding errors of all before
// larger by 1 / decay. `growth` and `growth_next` are the sums of log(1 / decay) before and after the update;
// where the sum passes a multiple of log 2, H is made anew from the updates that led to it, by the same
// arithmetic as on the way there. Updates whose share has decayed below the rounding of H are left out.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "graph/node_builder.h"
#include "graph/op_registry.h"
#include "ops/kernels/lines.h"
#include "ops/kernels/operand_lines.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

constexpr std::int64_t kLinesAtOnce = 4;

enum Operand : size_t { kNext, kDecay, kA, kB, kScale, kGrowth, kGrowthNext, kFirst };

// What an operand was `back` steps ago.
template <typename T>
OperandRows<T> Earlier(const OperandRows<T>& operand, std::int64_t back) {
  OperandRows<T> earlier = operand;
  if (operand) earlier.data -= back * operand.step_stride;
  return earlier;
}

template <typename T>
bool MustRemake(const KernelArgs<T>& args, std::int64_t row) {
  if (!args.Has(kGrowth)) return false;
  const T after = *args.operand(kGrowthNext).Row(row);
  if (!std::isfinite(after)) return true;
  constexpr T kLimit = std::numbers::ln2_v<T>;
  return std::floor(after / kLimit) != std::floor(*args.operand(kGrowth).Row(row) / kLimit);
}

template <typename T>
T LargestDecay(const OperandRows<T>& decay, std::int64_t row) {
  const T* values = decay.Row(row);
  T largest = 0;
  for (std::int64_t i = 0; i < decay.size(); ++i) largest = std::max(largest, std::abs(values[i]));
  return largest;
}

// How many of the latest updates make up H but for its rounding.
template <typename T>
std::int64_t UpdatesThatCount(const KernelArgs<T>& args, std::int64_t row) {
  const OperandRows<T>& decay = args.operand(kDecay);
  T share = 1;
  std::int64_t updates = 0;
  while (updates < args.step && share > std::numeric_limits<T>::epsilon() / 8) {
    ++updates;
    share *= LargestDecay(Earlier(decay, updates), row);
  }
  return updates;
}

// Some lines of H, by the latest updates, one after the other.
template <typename T>
void RemakeLines(const KernelArgs<T>& args, std::int64_t row, std::int64_t begin, std::int64_t end,
                 std::int64_t updates) {
  const LineCount count = {end - begin, args.shape->dim(1)};
  const Lines<T> h = LinesOfResult(args, row, begin);
  const std::int64_t elements = count.lines * count.columns;
  if (updates == args.step && args.Has(kFirst)) {
    std::copy_n(args.operand(kFirst).Row(row) + begin * count.columns, elements, h.data);
  } else {
    std::fill_n(h.data, elements, T{0});
  }
  for (std::int64_t back = updates; back > 0; --back) {
    UpdateLines({h.data, h.stride}, {h.data, h.stride},
                FactorOf(Earlier(args.operand(kDecay), back), row, begin),
                Earlier(args.operand(kA), back).Row(row) + begin, Earlier(args.operand(kB), back).Row(row),
                FactorOf(Earlier(args.operand(kScale), back), row, begin), count);
  }
}

template <typename T>
void Invert(const KernelArgs<T>& args, std::int64_t row, std::int64_t begin, std::int64_t end) {
  InvertLines(LinesOfResult(args, row, begin), LinesOfRow(args.operand(kNext), row, begin),
              FactorOf(args.operand(kDecay), row, begin), args.operand(kA).Row(row) + begin,
              args.operand(kB).Row(row), FactorOf(args.operand(kScale), row, begin),
              {end - begin, args.shape->dim(1)});
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  ForLines(*args.threads, args.rows, args.shape->dim(0), args.shape->dim(1),
           [&](std::int64_t row, std::int64_t begin, std::int64_t end) {
             if (!MustRemake(args, row)) return Invert(args, row, begin, end);
             const std::int64_t updates = UpdatesThatCount(args, row);
             // Few lines at a time stay in the first cache through all updates.
             for (; begin < end; begin += kLinesAtOnce) {
               RemakeLines(args, row, begin, std::min(end, begin + kLinesAtOnce), updates);
             }
           });
}

LineUse Lines(const ShapeArgs& args, const Shape&) {
  return {LineUse::kEach,
          {true, IsMatrix(args, kDecay), true, false, IsMatrix(args, kScale), false, false,
           IsMatrix(args, kFirst)}};
}

std::int64_t Flops(const ShapeArgs&, const Shape& result) { return 4 * result.NumElements(); }

const OpDef kRewind = {
    .name = "Rewind",
    .operands = {{"next", "N M"},
                 {"decay", " | M | N M", true},
                 {"a", "N"},
                 {"b", "M"},
                 {"scale", " | M | N M", true},
                 {"growth", "", true},
                 {"growth_next", "", true},
                 {"first", "N M", true}},
    .result = "N M",
    .inplace = {kNext},
    .adjoint = NotDifferentiable,  // made after autodiff
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = Flops,
    .lines = Lines,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kRewind);

}  // namespace
}  // namespace plgraph
