// LayerNorm: (x - mean) / sqrt(variance + epsilon) along the last axis, times gain, plus bias (Ba, Kiros and Hinton
// 2016, eq. 3 and 4).
#include <fmt/format.h>

#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

enum Operand : size_t { kX, kGain, kBias };

Shape ShapeRule(const ShapeArgs& args) {
  const Shape& x = CheckedShape(args, kX, "x");
  if (x.rank() == 0) throw ShapeError("operand \"x\" has shape []; it needs at least one axis");
  const Shape last = {x.dim(x.rank() - 1)};
  for (const auto& [operand, name] : {std::pair{kGain, "gain"}, std::pair{kBias, "bias"}}) {
    if (!args.Has(operand) || args.operand(operand) == last) continue;
    throw ShapeError(fmt::format(
        "operand \"{}\" has shape {} but \"x\" has {}; {} must have the shape {} of the last axis", name,
        args.operand(operand).ToString(), x.ToString(), name, last.ToString()));
  }
  const double epsilon = std::get<double>(args.attributes[0]);
  if (!(epsilon >= 0)) throw ShapeError(fmt::format("epsilon is {}; it must not be under 0", epsilon));
  return x;
}

Value Compose(OpBuilder& b) {
  const Value x = b.Operand(kX);
  const int last = b.shape(x).rank() - 1;
  const Shape moments = KeepAxis(b.shape(x), last);
  const Value centered = b.Sub(x, b.MeanTo(x, moments));
  const Value variance = b.Scale(b.MeanTo(b.Square(centered), moments), 1, b.Real(0));
  Value result = b.Div(centered, b.Apply("Sqrt", {variance}));
  if (b.Has(kGain)) result = b.Mul(result, b.Operand(kGain));
  if (b.Has(kBias)) result = b.Add(result, b.Operand(kBias));
  return result;
}

const OpDef kLayerNorm = {
    .name = "LayerNorm",
    .operands = {{"x"}, {"gain", "*", true}, {"bias", "*", true}},
    .attributes = {"epsilon"},
    .shape_rule = ShapeRule,
    .compose = Compose,
};
PLGRAPH_REGISTER_OP(kLayerNorm);

}  // namespace
}  // namespace plgraph
