#include "tests/support/random_model.h"

namespace plgraph {

RandomModel::RandomModel(std::uint64_t seed, RandomOps ops) : random_(seed, StreamId("random model")) {
  n_ = 2 + Below(4);
  AddSources();
  if (ops == RandomOps::kAll) AddImageSource();
  // Small ones are fast and show a fault in a few lines: the larger the rarer.
  const std::uint32_t nodes = 4 + Below(ops == RandomOps::kAll ? 4U << Below(6) : 14U);
  constexpr int kMost = 160;  // what closes states and adds losses makes it 200 at most
  for (std::uint32_t i = 0; i < nodes && maker_.graph.size() < kMost; ++i) {
    ops == RandomOps::kAll ? AddAnyNode() : AddNode();
  }
  for (const Value state : states_) CloseState(state);
  for (const Value trace : traces_) CloseTrace(trace);
  const std::uint32_t losses = 1 + Below(3);
  for (std::uint32_t i = 0; i < losses; ++i) AddLoss(static_cast<TermAt>(Below(3)));
}

void RandomModel::AddSources() {
  vectors_.push_back(maker_.Input("x", {n_}));
  vectors_.push_back(maker_.Input("context", {n_}, false));
  weight_ = maker_.Input("weight", {});
  scalars_.push_back(weight_);
  scalars_.push_back(Parameter({}));
  vectors_.push_back(Parameter({n_}));
  const std::uint32_t states = 1 + Below(2);
  for (std::uint32_t i = 0; i < states; ++i)
    vectors_.push_back(states_.emplace_back(maker_.AddState(Fresh("y"), {n_})));
  const std::uint32_t traces = 1 + Below(2);
  for (std::uint32_t i = 0; i < traces; ++i) traces_.push_back(maker_.AddState(Fresh("hebb"), {n_, n_}));
}

Value RandomModel::Factor() {
  switch (Below(5)) {
    case 0:
      return Parameter({});
    case 1:
      return Parameter({n_});
    case 2:
      return Parameter({n_, n_});
    case 3:
      return maker_.Op(Fresh("factor"), "Sigmoid", {Scalar()});
    default:
      return maker_.Op(Fresh("factor"), "Sigmoid", {Vector()});
  }
}

void RandomModel::AddNode() {
  switch (Below(12)) {
    case 0:
    case 1:
    case 2: {
      const Shape forms[] = {{}, {n_}, {n_, n_}};
      vectors_.push_back(maker_.Op(Fresh("plastic"), "PlasticMatMul",
                                   {Vector(), Parameter({n_, n_}), Parameter(forms[Below(3)]), Trace()}));
      return;
    }
    case 3:
      vectors_.push_back(maker_.Op(Fresh("product"), "MatMul", {Vector(), Parameter({n_, n_})}));
      return;
    case 4:
      vectors_.push_back(maker_.Op(Fresh("product"), "MatMul", {Trace(), Vector()}));
      return;
    case 5:
      vectors_.push_back(
          maker_.Op(Fresh("sum"), Coin() ? "Add" : "Sub", {Vector(), Coin() ? Vector() : Scalar()}));
      return;
    case 6:
      vectors_.push_back(maker_.Op(Fresh("mul"), "Mul", {Vector(), Coin() ? Vector() : Scalar()}));
      return;
    case 7:
      vectors_.push_back(maker_.Op(Fresh("tanh"), "Tanh", {Vector()}));
      return;
    case 8:
      vectors_.push_back(maker_.Op(Fresh("softmax"), "Softmax", {Vector()}, {std::int64_t{-1}}));
      return;
    case 9:
      vectors_.push_back(maker_.Op(Fresh("scaled"), "Scale", {Vector()}, {0.7, 0.1}));
      return;
    case 10:
      scalars_.push_back(maker_.Op(Fresh("mean"), "Mean", {Vector()}, {std::monostate{}}));
      return;
    default:
      scalars_.push_back(maker_.Op(Fresh("dot"), "Dot", {Vector(), Vector()}));
      scalars_.push_back(maker_.Op(Fresh("gate"), "Tanh", {scalars_.back()}));
  }
}

void RandomModel::CloseState(Value state) {
  const bool plain = Below(6) == 0;  // an input, a parameter or another state as it is
  State& closed = maker_.Next(state, plain ? Vector() : maker_.Op(Fresh("next"), "Tanh", {Vector()}));
  if (Below(3) == 0) closed.initial = Parameter({n_});
  if (Below(3) == 0 && !closed.initial) closed.initial_constant = 0.3;
}

void RandomModel::CloseTrace(Value trace) {
  const std::int64_t rule = Below(5);
  if (rule == 4) return CloseByRows(trace);
  const AttributeValue clip = Below(3) == 0 ? AttributeValue{50.0} : AttributeValue{};
  const Value pre = maker_.Op(Fresh("pre"), "Tanh", {Vector()});
  const Value post = maker_.Op(Fresh("post"), "Tanh", {Vector()});
  const Value factor = maker_.Op(Fresh("rate"), "Scale", {Factor()}, {0.3, 0.05});
  std::vector<Value> operands = {trace, pre, post, factor, {}, {}};
  if (rule == 2) operands = {trace, pre, post, {}, factor, {}};
  if (rule == 3) {
    const Value eligibility = maker_.AddState(Fresh("eligibility"), {n_, n_});
    const Value rate = Parameter({});
    maker_.Next(eligibility,
                maker_.Op(Fresh("eligibility_next"), "HebbianTrace", {eligibility, pre, post, rate, {}, {}},
                          {std::int64_t{0}, std::monostate{}}));
    operands = {trace, {}, {}, {}, factor, eligibility};
  }
  State& closed = maker_.Next(trace, maker_.Op(Fresh("trace_next"), "HebbianTrace", operands, {rule, clip}));
  if (Below(4) == 0) closed.initial = Parameter({n_, n_});
}

// A decay of each row, by hand.
void RandomModel::CloseByRows(Value trace) {
  const Value gate = maker_.Op(Fresh("gate"), "Sigmoid", {Coin() ? Parameter({n_}) : Vector()});
  const Value decay = maker_.Op(Fresh("decay"), "Reshape", {gate}, {IntegerList{n_, 1}});
  const Value pre = maker_.Op(Fresh("pre"), "Tanh", {Vector()});
  const Value post = maker_.Op(Fresh("post"), "Tanh", {Vector()});
  const Value write = maker_.Op(Fresh("write"), "Outer", {pre, post});
  const Value small = maker_.Op(Fresh("small"), "Scale", {write}, {0.1, 0.0});
  const Value rest = maker_.Op(Fresh("rest"), "Mul", {decay, trace});
  maker_.Next(trace, maker_.Op(Fresh("trace_next"), "Add", {rest, small}));
}

void RandomModel::AddLoss(TermAt at) {
  const Value read =
      maker_.Op(Fresh("read"), "MatMul", {Coin() ? vectors_.back() : Vector(), Parameter({n_, n_})});
  const Value error = maker_.Op(Fresh("error"), "SquaredError", {read, Vector()}, {std::int64_t{Coin()}});
  maker_.Loss(error, at, at == TermAt::kWeighted ? weight_ : Value{}, Coin() ? 1 : 0.5);
}

}  // namespace plgraph
