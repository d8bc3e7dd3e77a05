// DecayedOuter: decay o base + scale o (a b^T), the one form of Hebbian traces, of their gradients and of
// outer products (the general form of the plasticity rules without the delta term). base, decay and scale may
// be absent; decay and scale are one number, one per column [M], one per row [N, 1], or one per element.
#include "graph/ir/known_ops.h"
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/kernels/operand_rows.h"
#include "ops/kernels/rows.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

using enum decayed_outer::Operand;

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
      return g.SumTo(g.DecayedOuter({}, {}, a, b, d), g.shape(g.Operand(kScale)));
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
  const std::int64_t columns = args.shape->dim(1);
  ForRows(*args.threads, args.instances, args.shape->dim(0), columns,
          [&](std::int64_t instance, std::int64_t begin, std::int64_t end) {
            UpdateRows(RowsOfResult(args, instance, begin),
                       RowsOfInstance(args.operand(kBase), instance, begin),
                       FactorOf(args.operand(kDecay), instance, begin),
                       args.operand(kA).Instance(instance) + begin, args.operand(kB).Instance(instance),
                       FactorOf(args.operand(kScale), instance, begin), {end - begin, columns});
          });
}

RowUse UseOfRows(const ShapeArgs& args, const Shape&) {
  return {RowUse::kEach,
          {IsMatrix(args, kBase), IsMatrix(args, kDecay), true, false, IsMatrix(args, kScale)}};
}

std::int64_t Flops(const ShapeArgs& args, const Shape& result) {
  std::int64_t each = 1;
  for (const size_t i : {kBase, kDecay, kScale}) each += args.Has(i) ? 1 : 0;
  return each * result.NumElements();
}

const OpDef kDecayedOuter = {
    .name = "DecayedOuter",
    .operands = {{"base", "N M", true},
                 {"decay", " | M | N 1 | N M", true},
                 {"a", "N"},
                 {"b", "M"},
                 {"scale", " | M | N 1 | N M", true}},
    .result = "N M",
    .inplace = {kBase, kDecay, kScale},
    .adjoint = Adjoint,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = Flops,
    .rows = UseOfRows,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kDecayedOuter);

}  // namespace
}  // namespace plgraph
