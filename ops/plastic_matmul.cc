// PlasticMatMul: y_j = sum_i x_i (w_ij + alpha_ij H_ij) (Miconi, Clune and Stanley 2018, eq. 1), and
// PlasticMatMulTransposed, its gradient with respect to x: dx_i = sum_j d_j (w_ij + alpha_ij H_ij).
#include <algorithm>

#include "graph/ir/known_ops.h"
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "graph/plan/fusion.h"
#include "ops/kernels/fused_row_kernels.h"
#include "ops/kernels/operand_rows.h"
#include "ops/kernels/rows.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

using enum plastic_mat_mul::Operand;

// With scalar or per-column alpha its gradient needs no outer product: x^T H is a vector.
Value GradientOfPlasticity(GradBuilder& g, Value d) {
  const Value x = g.Operand(kX);
  const Value trace = g.Operand(kTrace);
  switch (g.shape(g.Operand(kPlasticity)).rank()) {
    case 0:
      return g.Dot(g.MatMul(x, trace), d);
    case 1:
      return g.Mul(g.MatMul(x, trace), d);
    default:
      return g.DecayedOuter({}, {}, x, d, trace);
  }
}

Gradients Adjoint(GradBuilder& g) {
  const auto [x, weight, plasticity, trace] = g.Operands<4>();
  const Value d = g.OutputGradient();
  Gradients gradients(4);
  if (g.Wants(kX)) gradients[kX] = g.Apply("PlasticMatMulTransposed", {d, weight, plasticity, trace});
  if (g.Wants(kWeight)) gradients[kWeight] = g.Outer(x, d);
  if (g.Wants(kPlasticity)) gradients[kPlasticity] = GradientOfPlasticity(g, d);
  if (g.Wants(kTrace)) gradients[kTrace] = g.DecayedOuter({}, {}, x, d, plasticity);
  return gradients;
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const std::int64_t rows = args.operand(kWeight).shape->dim(0);
  ForColumns(*args.threads, args.instances, rows, args.operand(kWeight).shape->dim(1),
             [&](std::int64_t instance, std::int64_t begin, std::int64_t end) {
               T* y = args.ResultInstance(instance) + begin;
               std::fill_n(y, end - begin, T{0});
               AddWeightedRows(y, args.operand(kX).Instance(instance),
                               RowsOfInstance(args.operand(kWeight), instance, 0, begin),
                               FactorOf(args.operand(kPlasticity), instance, 0, begin),
                               RowsOfInstance(args.operand(kTrace), instance, 0, begin), {rows, end - begin});
             });
}

template <typename T>
void TransposedKernel(const KernelArgs<T>& args) {
  const std::int64_t columns = args.operand(kWeight).shape->dim(1);
  ForRows(*args.threads, args.instances, args.operand(kWeight).shape->dim(0), columns,
          [&](std::int64_t instance, std::int64_t begin, std::int64_t end) {
            DotRows(args.ResultInstance(instance) + begin, args.operand(kX).Instance(instance),
                    RowsOfInstance(args.operand(kWeight), instance, begin),
                    FactorOf(args.operand(kPlasticity), instance, begin),
                    RowsOfInstance(args.operand(kTrace), instance, begin), {end - begin, columns});
          });
}

RowUse UseOfRows(const ShapeArgs& args, const Shape&) {
  return {RowUse::kSum, {true, true, IsMatrix(args, kPlasticity), true}};
}
RowUse TransposedRows(const ShapeArgs& args, const Shape&) {
  return {RowUse::kEach, {false, true, IsMatrix(args, kPlasticity), true}};
}

std::int64_t Flops(const ShapeArgs& args, const Shape&) { return 4 * args.operand(kWeight).NumElements(); }

const OpDef kPlasticMatMul = {
    .name = "PlasticMatMul",
    .operands = {{"x", "N"}, {"weight", "N M"}, {"plasticity", "N M | M | "}, {"trace", "N M"}},
    .result = "M",
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = Flops,
    .rows = UseOfRows,
};
PLGRAPH_REGISTER_OP(kPlasticMatMul);

const OpDef kPlasticMatMulTransposed = {
    .name = "PlasticMatMulTransposed",
    .operands = {{"d", "M"}, {"weight", "N M"}, {"plasticity", "N M | M | "}, {"trace", "N M"}},
    .result = "N",
    .adjoint = NotDifferentiable,  // made by autodiff
    .kernel = PLGRAPH_KERNEL(TransposedKernel),
    .flops = Flops,
    .rows = TransposedRows,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kPlasticMatMulTransposed);

// The update of a trace and its next read.
template <typename T>
bool UpdateAndRead(std::span<const KernelArgs<T>> members) {
  const KernelArgs<T>& update = members[0];
  const KernelArgs<T>& read = members[1];
  if (CountOf(update).rows > kMostFusedRows) return false;
  std::fill_n(read.result, read.size(), T{0});
  UpdateAndAddWeighted<T>(
      update.result, update.operand(0).Instance(0), UpdateOf(update), read.result,
      read.operand(kX).Instance(0),
      {read.operand(kWeight).Instance(0), FactorOf(read.operand(kPlasticity), 0, 0), update.result},
      CountOf(update));
  return true;
}

const Fusion kUpdateAndRead = {
    .members = {{"DecayedOuter", {"trace", "decay", "pre", "post", "rate"}, "next"},
                {"PlasticMatMul", {"x", "weight", "plasticity", "next"}, "y"}},
    .scalars = {"decay", "rate"},
    .optional = {"decay", "rate"},
    .kernel = PLGRAPH_FUSED_KERNEL(UpdateAndRead),
};
PLGRAPH_REGISTER_FUSION(kUpdateAndRead);

}  // namespace
}  // namespace plgraph
