#ifndef PLGRAPH_TESTS_SUPPORT_PLASTIC_NETWORK_H_
#define PLGRAPH_TESTS_SUPPORT_PLASTIC_NETWORK_H_

#include "tests/support/graph_maker.h"

namespace plgraph {

enum Rule : std::int64_t { kHebb, kOja, kModulated, kRetroactive };

/// y' = tanh(y (w + alpha o H) + x) of `size` neurons, H under a rule, error = |y' - target|^2.
inline Graph PlasticNetwork(Rule rule, const AttributeValue& clip = std::monostate{}, std::int64_t size = 5) {
  GraphMaker m;
  const Value x = m.Input("x", {size});
  const Value target = m.Input("target", {size});
  const Value w = m.Parameter("w", {size, size});
  const Value alpha = m.Parameter("alpha", {size, size});
  const Value rate = m.Parameter("rate", {});
  const Value y = m.AddState("y", {size});
  const Value hebb = m.AddState("hebb", {size, size});
  const Value recurrent = m.Op("recurrent", "PlasticMatMul", {y, w, alpha, hebb});
  const Value y_next = m.Op("y_next", "Tanh", {m.Op("drive", "Add", {recurrent, x})});
  const Value modulation = rule == kModulated ? m.Op("m", "Dot", {y_next, target}) : Value{};
  const Value hebb_next =
      m.Op("hebb_next", "HebbianTrace",
           {hebb, y, y_next, rule == kModulated ? Value{} : rate, modulation, {}}, {rule, clip});
  m.Next(y, y_next);
  m.Next(hebb, hebb_next);
  m.Loss(m.Op("error", "SquaredError", {y_next, target}, {std::int64_t{0}}));
  return std::move(m.graph);
}

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_SUPPORT_PLASTIC_NETWORK_H_
