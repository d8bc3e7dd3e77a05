// DecayedOuter: decay o base + scale o (a b^T), the one form of Hebbian traces, of their gradients and of
// outer products (the general form of the plasticity rules without the delta term). base, decay and scale may
// be absent.
#include "graph/node_builder.h"
#include "graph/op_registry.h"
#include "ops/kernels/factor.h"
#include "ops/kernels/lines.h"

namespace plgraph {
namespace {

enum Operand : size_t { kBase, kDecay, kA, kB, kScale };

// scale o (d b) for a [M] or scalar scale; the scale of each element has to be multiplied in before.
Value GradientOfA(GradBuilder& g, Value d) {
  const Value b = g.Operand(kB);
  if (!g.Has(kScale)) return g.MatMul(d, b);
  const Value scale = g.Operand(kScale);
  if (g.shape(scale).rank() == 0) return g.Mul(scale, g.MatMul(d, b));
  if (g.shape(scale).rank() == 1) return g.MatMul(d, g.Mul(scale, b));
  return g.MatMul(g.Mul(scale, d), b);
}

Value GradientOfB(GradBuilder& g, Value d) {
  const Value a = g.Operand(kA);
  if (!g.Has(kScale)) return g.MatMul(a, d);
  const Value scale = g.Operand(kScale);
  if (g.shape(scale).rank() == 2) return g.MatMul(a, g.Mul(scale, d));
  return g.Mul(scale, g.MatMul(a, d));
}

// The sum of d o (a b^T) down to the shape of the scale, without the product itself where it is not the
// answer.
Value GradientOfScale(GradBuilder& g, Value d) {
  const Value a = g.Operand(kA);
  const Value b = g.Operand(kB);
  switch (g.shape(g.Operand(kScale)).rank()) {
    case 0:
      return g.Dot(g.MatMul(d, b), a);
    case 1:
      return g.Mul(g.MatMul(a, d), b);
    default:
      return g.DecayedOuter({}, {}, a, b, d);
  }
}

Value GradientOfDecay(GradBuilder& g, Value d) {
  const Value base = g.Operand(kBase);
  if (g.shape(g.Operand(kDecay)).rank() == 0) return g.Dot(d, base);
  return g.SumTo(g.Mul(d, base), g.shape(g.Operand(kDecay)));
}

Gradients Adjoint(GradBuilder& g) {
  const Value d = g.OutputGradient();
  Gradients gradients(g.NumOperands());
  if (g.Wants(kBase)) gradients[kBase] = g.Has(kDecay) ? g.Mul(g.Operand(kDecay), d) : d;
  if (g.Wants(kDecay)) gradients[kDecay] = GradientOfDecay(g, d);
  if (g.Wants(kA)) gradients[kA] = GradientOfA(g, d);
  if (g.Wants(kB)) gradients[kB] = GradientOfB(g, d);
  if (g.Wants(kScale)) gradients[kScale] = GradientOfScale(g, d);
  return gradients;
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const std::int64_t lines = args.shape->dim(0);
  const std::int64_t columns = args.shape->dim(1);
  const Factor<T> decay(args.operand(kDecay), columns);
  const Factor<T> scale(args.operand(kScale), columns);
  ForLines(*args.threads, args.rows, lines, columns,
           [&](std::int64_t row, std::int64_t begin, std::int64_t end) {
             const T* a = args.operand(kA).Row(row);
             const T* b = args.operand(kB).Row(row);
             for (std::int64_t i = begin; i < end; ++i) {
               T* out = args.ResultRow(row) + i * columns;
               const T* base = args.Has(kBase) ? args.operand(kBase).Row(row) + i * columns : nullptr;
               scale.WithLine(row, i, [&](auto s) {
                 if (base == nullptr) {
                   for (std::int64_t j = 0; j < columns; ++j) out[j] = s.At(j) * (a[i] * b[j]);
                   return;
                 }
                 decay.WithLine(row, i, [&](auto k) {
                   for (std::int64_t j = 0; j < columns; ++j)
                     out[j] = k.At(j) * base[j] + s.At(j) * (a[i] * b[j]);
                 });
               });
             }
           });
}

std::int64_t Flops(const ShapeArgs& args, const Shape& result) {
  std::int64_t each = 1;
  for (const size_t i : {kBase, kDecay, kScale}) each += args.Has(i) ? 1 : 0;
  return each * result.NumElements();
}

const OpDef kDecayedOuter = {
    .name = "DecayedOuter",
    .operands = {{"base", "N M", true},
                 {"decay", " | M | N M", true},
                 {"a", "N"},
                 {"b", "M"},
                 {"scale", " | M | N M", true}},
    .result = "N M",
    .inplace = {kBase, kDecay, kScale},
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = Flops,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kDecayedOuter);

}  // namespace
}  // namespace plgraph
