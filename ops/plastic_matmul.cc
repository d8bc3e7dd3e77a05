// PlasticMatMul: y_j = sum_i x_i (w_ij + alpha_ij H_ij) (Miconi, Clune and Stanley 2018, eq. 1), and
// PlasticMatMulTransposed, its gradient with respect to x: dx_i = sum_j d_j (w_ij + alpha_ij H_ij).
#include <algorithm>

#include "graph/node_builder.h"
#include "graph/op_registry.h"
#include "ops/kernels/factor.h"
#include "ops/kernels/lines.h"

namespace plgraph {
namespace {

enum Operand : size_t { kX, kWeight, kPlasticity, kTrace };  // the transposed op has d in the place of x

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
  const std::int64_t lines = args.operand(kWeight).shape->dim(0);
  const std::int64_t columns = args.operand(kWeight).shape->dim(1);
  const Factor<T> plasticity(args.operand(kPlasticity), columns);
  ForColumns(*args.threads, args.rows, lines, columns,
             [&](std::int64_t row, std::int64_t begin, std::int64_t end) {
               const T* x = args.operand(kX).Row(row);
               T* y = args.ResultRow(row);
               std::fill(y + begin, y + end, T{0});
               for (std::int64_t i = 0; i < lines; ++i) {
                 const T* w = args.operand(kWeight).Row(row) + i * columns;
                 const T* h = args.operand(kTrace).Row(row) + i * columns;
                 plasticity.WithLine(row, i, [&](auto alpha) {
                   for (std::int64_t j = begin; j < end; ++j) y[j] += x[i] * (w[j] + alpha.At(j) * h[j]);
                 });
               }
             });
}

// sum_j d_j (w_j + alpha_j h_j), in lanes of a fixed number: the same bits on any machine with the same
// rounding.
template <typename T, typename Alpha>
T PlasticDot(const T* d, const T* w, Alpha alpha, const T* h, std::int64_t columns) {
  constexpr std::int64_t kLanes = 16;
  T lanes[kLanes] = {};
  std::int64_t j = 0;
  for (; j + kLanes <= columns; j += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      lanes[lane] += d[j + lane] * (w[j + lane] + alpha.At(j + lane) * h[j + lane]);
    }
  }
  T sum = 0;
  for (; j < columns; ++j) sum += d[j] * (w[j] + alpha.At(j) * h[j]);
  for (const T lane : lanes) sum += lane;
  return sum;
}

template <typename T>
void TransposedKernel(const KernelArgs<T>& args) {
  const std::int64_t lines = args.operand(kWeight).shape->dim(0);
  const std::int64_t columns = args.operand(kWeight).shape->dim(1);
  const Factor<T> plasticity(args.operand(kPlasticity), columns);
  ForLines(*args.threads, args.rows, lines, columns,
           [&](std::int64_t row, std::int64_t begin, std::int64_t end) {
             const T* d = args.operand(kX).Row(row);
             for (std::int64_t i = begin; i < end; ++i) {
               const T* w = args.operand(kWeight).Row(row) + i * columns;
               const T* h = args.operand(kTrace).Row(row) + i * columns;
               plasticity.WithLine(
                   row, i, [&](auto alpha) { args.ResultRow(row)[i] = PlasticDot(d, w, alpha, h, columns); });
             }
           });
}

std::int64_t Flops(const ShapeArgs& args, const Shape&) { return 4 * args.operand(kWeight).NumElements(); }

const OpDef kPlasticMatMul = {
    .name = "PlasticMatMul",
    .operands = {{"x", "N"}, {"weight", "N M"}, {"plasticity", "N M | M | "}, {"trace", "N M"}},
    .result = "M",
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = Flops,
};
PLGRAPH_REGISTER_OP(kPlasticMatMul);

const OpDef kPlasticMatMulTransposed = {
    .name = "PlasticMatMulTransposed",
    .operands = {{"d", "M"}, {"weight", "N M"}, {"plasticity", "N M | M | "}, {"trace", "N M"}},
    .result = "N",
    .adjoint = NotDifferentiable,  // made by autodiff
    .kernel = PLGRAPH_KERNEL(TransposedKernel),
    .flops = Flops,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kPlasticMatMulTransposed);

}  // namespace
}  // namespace plgraph
