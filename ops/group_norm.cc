// GroupNorm: (x - mean) / sqrt(variance + epsilon) over each group of channels, times gain, plus bias (Wu and He 2018,
// eq. 1 to 4).
#include <fmt/format.h>

#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

enum Operand : size_t { kX, kGain, kBias };
enum Attribute : size_t { kGroups, kEpsilon };

Shape ShapeRule(const ShapeArgs& args) {
  const Shape& x = CheckedShape(args, kX, "x");
  if (x.rank() == 0) throw ShapeError("operand \"x\" has shape []; expected channels first: [C, ...]");
  CheckChannelParameter(args, kGain, "gain", x);
  CheckChannelParameter(args, kBias, "bias", x);
  const std::int64_t groups = std::get<std::int64_t>(args.attributes[kGroups]);
  if (groups < 1 || x.dim(0) % groups != 0) {
    throw ShapeError(
        fmt::format("operand \"x\" has shape {} but groups is {}; groups must divide the {} channels",
                    x.ToString(), groups, x.dim(0)));
  }
  const double epsilon = std::get<double>(args.attributes[kEpsilon]);
  if (!(epsilon >= 0)) throw ShapeError(fmt::format("epsilon is {}; it must not be under 0", epsilon));
  return x;
}

Value Compose(OpBuilder& b) {
  const Shape shape = b.shape(b.Operand(kX));
  const std::int64_t groups = b.Integer(kGroups);
  const Shape moments = {groups, 1};
  const Value x = b.Reshape(b.Operand(kX), {groups, shape.NumElements() / groups});
  const Value centered = b.Sub(x, b.MeanTo(x, moments));
  const Value variance = b.Scale(b.MeanTo(b.Square(centered), moments), 1, b.Real(kEpsilon));
  Value result = b.Reshape(b.Div(centered, b.Apply("Sqrt", {variance})), shape);
  std::vector<std::int64_t> channels(shape.dims().size(), 1);
  channels[0] = shape.dim(0);
  if (b.Has(kGain)) result = b.Mul(result, b.Reshape(b.Operand(kGain), Shape(channels)));
  if (b.Has(kBias)) result = b.Add(result, b.Reshape(b.Operand(kBias), Shape(channels)));
  return result;
}

const OpDef kGroupNorm = {
    .name = "GroupNorm",
    .operands = {{"x"}, {"gain", "*", true}, {"bias", "*", true}},
    .attributes = {"groups", "epsilon"},
    .shape_rule = ShapeRule,
    .compose = Compose,
};
PLGRAPH_REGISTER_OP(kGroupNorm);

}  // namespace
}  // namespace plgraph
