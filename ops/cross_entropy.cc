// CrossEntropy: -sum_c t_c log softmax(logits)_c; a scalar target is the number of a class.
#include "graph/node_builder.h"
#include "graph/op_registry.h"

namespace plgraph {
namespace {

Value Compose(OpBuilder& b) {
  auto [logits, target] = b.Operands<2>();
  if (b.shape(target).rank() == 0) target = b.Apply("OneHot", {target}, {b.shape(logits).dim(0)});
  return b.Neg(b.Dot(target, b.Apply("LogSoftmax", {logits}, {std::int64_t{0}})));
}

const OpDef kCrossEntropy = {
    .name = "CrossEntropy",
    .operands = {{"logits", "C"}, {"target", "C | "}},
    .result = "",
    .compose = Compose,
};
PLGRAPH_REGISTER_OP(kCrossEntropy);

}  // namespace
}  // namespace plgraph
