// Upsample: every pixel of an image becomes a square of pixels.
#include <fmt/format.h>

#include "core/checked_size.h"
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

Shape ShapeRule(const ShapeArgs& args) {
  const Shape& x = CheckedShape(args, 0, "x");
  const std::int64_t factor = std::get<std::int64_t>(args.attributes[0]);
  if (x.rank() != 3)
    throw ShapeError(fmt::format("operand \"x\" has shape {}; expected [C, H, W]", x.ToString()));
  if (factor < 1) throw ShapeError(fmt::format("factor is {}; it must be at least 1", factor));
  return {x.dim(0), (CheckedSize(x.dim(1)) * factor).value(), (CheckedSize(x.dim(2)) * factor).value()};
}

Value Compose(OpBuilder& b) {
  const Shape x = b.shape(b.Operand(0));
  const std::int64_t factor = b.Integer(0);
  const Value apart = b.Reshape(b.Operand(0), {x.dim(0), x.dim(1), 1, x.dim(2), 1});
  const Value repeated = b.Expand(apart, {x.dim(0), x.dim(1), factor, x.dim(2), factor});
  return b.Reshape(repeated, {x.dim(0), x.dim(1) * factor, x.dim(2) * factor});
}

const OpDef kUpsample = {
    .name = "Upsample",
    .operands = {{"x"}},
    .attributes = {"factor"},
    .shape_rule = ShapeRule,
    .compose = Compose,
};
PLGRAPH_REGISTER_OP(kUpsample);

}  // namespace
}  // namespace plgraph
