// Embedding: the row of a table that a number tells. A number that is not a row of the table gives values that are
// not numbers, as in OneHot.
// EmbeddingSum: its adjoint: each d is added to the row of a table of zeros that its number tells.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/axis.h"
#include "ops/kernels/rows.h"
#include "ops/kernels/sum_kernels.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

// The row of a table of `size` rows, or -1.
template <typename T>
std::int64_t PlaceOf(T index, std::int64_t size) {
  const bool is_place = index >= 0 && index < static_cast<T>(size) && index == std::floor(index);
  return is_place ? static_cast<std::int64_t>(index) : -1;
}

// A table that all samples and steps share gets one gradient, without a table for each of them in between.
Gradients Adjoint(GradBuilder& g) {
  const auto [table, index] = g.Operands<2>();
  const Variance from = g.graph().node(g.Result()).variance;
  const Variance to = g.graph().node(table).variance;
  return {g.Apply("EmbeddingSum", {g.OutputGradient(), index},
                  {from.sample && !to.sample, from.step && !to.step, g.shape(table).dim(0)}),
          Value{}};
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const std::int64_t size = args.size();
  const std::int64_t rows = args.operand(0).shape->dim(0);
  ForEachLine(args, {1, size, 1}, kCheapGrain, [&](std::int64_t instance, std::int64_t) {
    const std::int64_t place = PlaceOf(*args.operand(1).Instance(instance), rows);
    if (place < 0) {
      std::fill_n(args.ResultInstance(instance), size, std::numeric_limits<T>::quiet_NaN());
    } else {
      std::copy_n(args.operand(0).Instance(instance) + place * size, size, args.ResultInstance(instance));
    }
  });
}

// Sums of so many instances lose few digits; those of more are taken in double, of some places of the table at a time.
constexpr std::int64_t kFewInstances = 1024;
constexpr std::int64_t kSums = 4096;

// The columns [begin, end) of the table.
template <typename T>
void AddInstances(const KernelArgs<T>& args, std::int64_t begin, std::int64_t end) {
  for (std::int64_t instance = 0; instance < args.instances; ++instance) {
    const std::int64_t place = PlaceOf(*args.operand(1).Instance(instance), args.shape->dim(0));
    if (place < 0) continue;
    const T* d = args.operand(0).Instance(instance);
    T* sum = args.ResultInstance(instance) + place * args.shape->dim(1);
    for (std::int64_t i = begin; i < end; ++i) sum[i] += d[i];
  }
}

// Some columns of the places from `first` on, as many as there is room for sums.
template <typename T>
void AddManyInstances(const KernelArgs<T>& args, std::int64_t first, std::int64_t begin, std::int64_t end) {
  const std::int64_t columns = end - begin;
  const std::int64_t places = std::min(args.shape->dim(0) - first, kSums / columns);
  std::array<double, kSums> sums;
  std::fill_n(sums.begin(), places * columns, 0.0);
  for (std::int64_t instance = 0; instance < args.instances; ++instance) {
    const std::int64_t place = PlaceOf(*args.operand(1).Instance(instance), args.shape->dim(0)) - first;
    if (place < 0 || place >= places) continue;
    AddTo(sums.data() + place * columns, args.operand(0).Instance(instance) + begin, columns);
  }
  for (std::int64_t place = 0; place < places; ++place) {
    T* sum = args.ResultInstance(0) + (first + place) * args.shape->dim(1) + begin;
    for (std::int64_t i = 0; i < columns; ++i)
      sum[i] += static_cast<T>(sums[static_cast<size_t>(place * columns + i)]);
  }
}

template <typename T>
void SumKernel(const KernelArgs<T>& args) {
  constexpr std::int64_t kColumns = 64;  // at once
  ForRows(*args.threads, 1, args.shape->dim(1), args.instances,
          [&](std::int64_t, std::int64_t begin, std::int64_t end) {
            if (args.instances <= kFewInstances || args.result_stride != 0)
              return AddInstances(args, begin, end);
            for (std::int64_t column = begin; column < end; column += kColumns) {
              const std::int64_t last = std::min(end, column + kColumns);
              for (std::int64_t first = 0; first < args.shape->dim(0); first += kSums / (last - column))
                AddManyInstances(args, first, column, last);
            }
          });
}

Shape SumShape(const ShapeArgs& args) {
  return {std::get<std::int64_t>(args.attributes[2]), args.operand(0).dim(0)};
}

const OpDef kEmbedding = {
    .name = "Embedding",
    .operands = {{"table", "V D"}, {.name = "index", .shape = "", .held = true, .index_below = RowsOfFirst}},
    .result = "D",
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = NoFlops,
};
PLGRAPH_REGISTER_OP(kEmbedding);

const OpDef kEmbeddingSum = {
    .name = "EmbeddingSum",
    .operands = {{"d", "D"}, {"index", ""}},
    .attributes = {"over_samples", "over_steps", "rows"},
    .shape_rule = SumShape,
    .adjoint = NotDifferentiable,
    .kernel = PLGRAPH_KERNEL(SumKernel),
    .flops = OneFlopAnOperandElement,
    .instance_rule = InstanceRule::kSum,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kEmbeddingSum);

}  // namespace
}  // namespace plgraph
