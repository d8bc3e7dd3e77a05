#include "serialization/state/plan_graph.h"

#include <fmt/format.h>

#include "core/error.h"
#include "graph/ir/infer.h"
#include "graph/ir/op_registry.h"
#include "graph/plan/checkpoint_intervals.h"
#include "serialization/state/frame.h"

namespace plgraph {
namespace {

// The enumerators of the .proto and of graph.h have the same numbers.
static_assert(static_cast<int>(NodeKind::kControl) == PlanNode::CONTROL);
static_assert(static_cast<int>(Phase::kOnceAdjoint) == PlanNode::ONCE_ADJOINT &&
              kPhaseCount == PlanNode::Phase_ARRAYSIZE);
static_assert(static_cast<int>(TermAt::kWeighted) == PlanTerm::WEIGHTED);

PlanAttribute WrittenAttribute(const AttributeValue& attribute) {
  PlanAttribute written;
  if (const auto* flag = std::get_if<bool>(&attribute)) written.set_flag(*flag);
  if (const auto* integer = std::get_if<std::int64_t>(&attribute)) written.set_integer(*integer);
  if (const auto* real = std::get_if<double>(&attribute)) written.set_real(*real);
  if (const auto* integers = std::get_if<IntegerList>(&attribute)) {
    written.mutable_integers()->mutable_value()->Add(integers->begin(), integers->end());
  }
  return written;
}

AttributeValue ReadAttribute(const PlanAttribute& written) {
  switch (written.value_case()) {
    case PlanAttribute::kFlag:
      return written.flag();
    case PlanAttribute::kInteger:
      return std::int64_t{written.integer()};
    case PlanAttribute::kReal:
      return written.real();
    case PlanAttribute::kIntegers: {
      const auto& values = written.integers().value();
      return IntegerList(values.begin(), values.end());
    }
    case PlanAttribute::VALUE_NOT_SET:
      break;
  }
  return {};
}

void WriteNode(const Node& node, PlanNode& written) {
  written.set_name(node.name);
  written.set_kind(static_cast<PlanNode::Kind>(node.kind));
  if (node.op != nullptr) written.set_op(std::string(node.op->name));
  for (const Value operand : node.operands) written.add_operand(operand.id);
  for (const AttributeValue& attribute : node.attributes)
    *written.add_attribute() = WrittenAttribute(attribute);
  for (const std::int64_t extent : node.shape.dims()) written.add_shape(extent);
  written.set_varies_by_sample(node.variance.sample);
  written.set_varies_by_step(node.variance.step);
  written.set_phase(static_cast<PlanNode::Phase>(node.phase));
  written.set_trainable(node.trainable);
  written.set_line(node.location.line);
  written.set_column(node.location.column);
  if (node.recomputed) written.set_recomputed(true);
  if (!node.IsOfModel()) written.set_origin(node.origin);
  if (node.backward) written.set_backward(true);
  if (node.at_last_step) written.set_at_last_step(true);
  if (node.random_stream != 0) written.set_random_stream(node.random_stream);
}

void WriteState(const State& state, PlanState& written) {
  written.set_value(state.value.id);
  written.set_next(state.next.id);
  written.set_initial_constant(state.initial_constant);
  written.set_initial(state.initial.id);
  written.set_kept(state.kept);
  written.set_adjoint(state.adjoint);
  written.set_resumes(state.resumes.id);
  written.set_gradient_of(state.gradient_of.id);
  written.set_form(static_cast<PlanForcedForm::Form>(state.form));
}

void WriteChoice(const TraceChoice& choice, PlanTraceChoice& written) {
  written.set_trace(choice.trace);
  for (const std::int64_t extent : choice.shape.dims()) written.add_shape(extent);
  written.set_form(static_cast<PlanForcedForm::Form>(choice.form));
  written.set_forced(choice.forced);
  written.set_gradient_made(choice.gradient_made);
  for (const FormOption& option : choice.options) {
    PlanTraceChoice::Option& row = *written.add_option();
    row.set_why_not(option.why_not);
    row.set_operations(option.cost.operations);
    row.set_traffic(option.cost.traffic);
    row.set_kept(option.cost.kept);
  }
}

void WriteNames(const Graph& graph, PlanFile& file) {
  for (const TraceChoice& choice : graph.trace_choices) WriteChoice(choice, *file.add_trace_choice());
  for (const auto& [name, value] : graph.Aliases()) {
    PlanAlias& written = *file.add_alias();
    written.set_name(name);
    written.set_node(value.id);
  }
}

// Builds the graph of a plan, and believes nothing that can be checked.
class GraphOfPlan {
 public:
  GraphOfPlan(const PlanFile& file, const std::string& path) : file_(file), path_(path) {}

  Graph Read() {
    graph_.name = file_.name();
    for (const PlanNode& node : file_.node()) AddNode(node);
    for (int id = 0; id < file_.node_size(); ++id) Connect(id);
    if (!graph_.Cycles().empty()) FailDamaged(path_, "its graph has a cycle");
    for (const Value value : graph_.TopologicalOrder()) CheckNode(graph_.node(value));
    for (const PlanState& state : file_.state()) AddState(state);
    CheckStates();
    CheckRecomputed();
    for (const PlanTerm& term : file_.term()) AddTerm(term);
    for (const PlanGradient& gradient : file_.gradient()) AddGradient(gradient);
    for (const PlanUpdate& update : file_.update()) AddUpdate(update);
    for (const PlanTraceChoice& choice : file_.trace_choice()) AddChoice(choice);
    for (const PlanAlias& alias : file_.alias()) AddAlias(alias);
    graph_.last_step = Optional(file_.last_step(), NodeKind::kControl, "last_step");
    graph_.first_window = Optional(file_.first_window(), NodeKind::kControl, "first_window");
    graph_.first_run = Optional(file_.first_run(), NodeKind::kControl, "first_run");
    return std::move(graph_);
  }

 private:
  void AddNode(const PlanNode& written) {
    Node node{.name = written.name(),
              .kind = static_cast<NodeKind>(written.kind()),
              .shape = Shape({written.shape().begin(), written.shape().end()}),
              .variance = {written.varies_by_sample(), written.varies_by_step()},
              .phase = static_cast<Phase>(written.phase()),
              .trainable = written.trainable(),
              .recomputed = written.recomputed(),
              .origin = written.origin(),
              .location = {written.line(), written.column()},
              .backward = written.backward(),
              .at_last_step = written.at_last_step(),
              .random_stream = written.random_stream()};
    if (node.kind == NodeKind::kOp) {
      node.op = FindOp(written.op());
      if (node.op == nullptr) {
        FailDamaged(path_, fmt::format("node \"{}\": the op {} is not part of this program", node.name,
                                       written.op()));
      }
    }
    for (const std::int64_t extent : written.shape()) {
      if (extent < 1)
        FailDamaged(path_, fmt::format("node \"{}\" has shape {}", node.name, node.shape.ToString()));
    }
    for (const PlanAttribute& attribute : written.attribute())
      node.attributes.push_back(ReadAttribute(attribute));
    const Value value = graph_.Add(std::move(node));
    if (graph_.node(value).name != written.name()) {
      FailDamaged(path_, fmt::format("two nodes are named \"{}\"", written.name()));
    }
  }

  Value Reference(std::int32_t id, const std::string& what) const {
    if (id >= 0 && id < graph_.size()) return Value{id};
    FailDamaged(path_, fmt::format("{} is node {} of {}", what, id, graph_.size()));
  }

  Value Reference(std::int32_t id, NodeKind kind, const std::string& what) const {
    const Value value = Reference(id, what);
    if (graph_.node(value).kind == kind) return value;
    FailDamaged(path_,
                fmt::format("{} is node \"{}\", which is of another kind", what, graph_.node(value).name));
  }

  Value Optional(std::int32_t id, NodeKind kind, const std::string& what) const {
    return id == -1 ? Value{} : Reference(id, kind, what);
  }

  void Connect(int id) {
    const PlanNode& written = file_.node(id);
    const OpDef* op = graph_.node(Value{id}).op;
    const size_t given = static_cast<size_t>(written.operand_size());
    const bool repeated = op != nullptr && op->operands.size() == 1 && op->operands[0].repeated;
    const size_t expected = op == nullptr ? 0 : op->operands.size();
    if (repeated ? given == 0 : given != expected) {
      FailDamaged(path_,
                  fmt::format("node \"{}\" has {} operands; expected {}", written.name(), given, expected));
    }
    const size_t attributes = op == nullptr ? 0 : op->attributes.size();
    if (static_cast<size_t>(written.attribute_size()) != attributes) {
      FailDamaged(path_, fmt::format("node \"{}\" has {} attributes; expected {}", written.name(),
                                     written.attribute_size(), attributes));
    }
    graph_.node(Value{id}).operands.resize(given);
    for (size_t i = 0; i < given; ++i) {
      const std::int32_t operand = written.operand(static_cast<int>(i));
      if (operand == -1 && !repeated && op->operands[i].optional) continue;
      graph_.SetOperand(Value{id}, i,
                        Reference(operand, fmt::format("operand {} of node \"{}\"", i, written.name())));
    }
  }

  void CheckNode(const Node& node) const {
    if (node.at_last_step && node.variance.step) {
      FailDamaged(path_, fmt::format("node \"{}\" is of the last step, but varies by step", node.name));
    }
    if (node.kind != NodeKind::kOp) return;
    try {
      const Shape shape = InferShape(graph_, node);
      if (shape != node.shape) {
        FailDamaged(path_, fmt::format("node \"{}\" ({}) has shape {}; expected {}", node.name, node.op->name,
                                       node.shape.ToString(), shape.ToString()));
      }
      if (InferVariance(graph_, node) != node.variance) {
        FailDamaged(path_, fmt::format("node \"{}\" ({}) varies otherwise than its operands", node.name,
                                       node.op->name));
      }
      SnapshotSteps(node);  // an attribute that no shape rule looks at, but the planner
    } catch (const Error&) {
      throw;
    } catch (
        const std::exception& error) {  // a shape rule that does not hold, or an attribute of another type
      FailDamaged(path_, fmt::format("node \"{}\" ({}): {}", node.name, node.op->name, error.what()));
    }
  }

  void AddState(const PlanState& written) {
    State state{.value = Reference(written.value(), NodeKind::kState, "the value of a state"),
                .next = Reference(written.next(), "the next of a state"),
                .initial_constant = written.initial_constant(),
                .initial = Optional(written.initial(), NodeKind::kParameter, "the initial value of a state"),
                .kept = written.kept(),
                .adjoint = written.adjoint(),
                .resumes = Optional(written.resumes(), NodeKind::kState, "the state that a state resumes"),
                .gradient_of = Optional(written.gradient_of(), NodeKind::kState, "the state of a gradient"),
                .form = static_cast<ChosenForm>(written.form())};
    const Shape& shape = graph_.node(state.value).shape;
    if (graph_.node(state.next).shape != shape ||
        (state.initial && graph_.node(state.initial).shape != shape) ||
        (state.resumes && (graph_.node(state.resumes).shape != shape ||
                           graph_.node(state.resumes).variance != graph_.node(state.value).variance))) {
      FailDamaged(path_, fmt::format("state \"{}\" and its next, or what it starts from, differ in shape",
                                     graph_.node(state.value).name));
    }
    graph_.states.push_back(state);
  }

  // Every state node is the value of exactly one state.
  void CheckStates() const {
    std::vector<int> uses(static_cast<size_t>(graph_.size()));
    for (const State& state : graph_.states) ++uses[static_cast<size_t>(state.value.id)];
    for (int id = 0; id < graph_.size(); ++id) {
      const int expected = graph_.node(Value{id}).kind == NodeKind::kState ? 1 : 0;
      if (uses[static_cast<size_t>(id)] == expected) continue;
      FailDamaged(path_, fmt::format("\"{}\" is the value of {} states", graph_.node(Value{id}).name,
                                     uses[static_cast<size_t>(id)]));
    }
  }

  // What runs again runs in the loop, once for each sample and step, and the update of a state runs with it.
  void CheckRecomputed() const {
    std::vector<bool> forward(static_cast<size_t>(graph_.size()));
    for (int id = 0; id < graph_.size(); ++id) {
      forward[static_cast<size_t>(id)] = graph_.node(Value{id}).kind == NodeKind::kOp;
    }
    for (const State& state : graph_.states) {
      forward[static_cast<size_t>(state.value.id)] = !state.adjoint && graph_.node(state.next).recomputed;
    }
    for (int id = 0; id < graph_.size(); ++id) {
      const Node& node = graph_.node(Value{id});
      const bool fits = forward[static_cast<size_t>(id)] && node.phase == Phase::kStep &&
                        node.variance == Variance{.sample = true, .step = true};
      if (!node.recomputed || fits) continue;
      FailDamaged(path_,
                  fmt::format("node \"{}\" is recomputed, but is not an update in the loop", node.name));
    }
  }

  void AddTerm(const PlanTerm& written) {
    Term term{.name = written.name(),
              .value = Reference(written.value(), "a loss or metric"),
              .at = static_cast<TermAt>(written.at()),
              .weight = Optional(written.weight(), NodeKind::kInput, "the weight of a loss or metric"),
              .scale = written.scale(),
              .is_loss = written.is_loss(),
              .seed = Optional(written.seed(), NodeKind::kControl, "the seed of a loss")};
    if (graph_.node(term.value).shape.rank() != 0) {
      FailDamaged(path_, fmt::format("loss or metric \"{}\" is not a scalar", term.name));
    }
    graph_.terms.push_back(std::move(term));
  }

  void AddGradient(const PlanGradient& written) {
    ParameterGradient gradient{
        .parameter = Reference(written.parameter(), NodeKind::kParameter, "a parameter"), .gradient = {}};
    if (written.gradient() != -1) {
      gradient.gradient = Reference(written.gradient(), "a gradient");
      if (graph_.node(gradient.gradient).shape != graph_.node(gradient.parameter).shape) {
        FailDamaged(path_, fmt::format("the gradient of \"{}\" has another shape",
                                       graph_.node(gradient.parameter).name));
      }
    }
    graph_.gradients.push_back(gradient);
  }

  void AddUpdate(const PlanUpdate& written) {
    const Value parameter = Reference(written.parameter(), NodeKind::kParameter, "an updated parameter");
    const Value next = Reference(written.next(), NodeKind::kOp, "what a parameter becomes");
    if (graph_.node(next).shape != graph_.node(parameter).shape || graph_.node(next).variance != Variance{}) {
      FailDamaged(
          path_, fmt::format("what \"{}\" becomes has another shape, or is not one for all samples and steps",
                             graph_.node(parameter).name));
    }
    graph_.updates.push_back({parameter, next});
  }

  void AddChoice(const PlanTraceChoice& written) {
    TraceChoice choice = {.trace = written.trace(),
                          .shape = Shape({written.shape().begin(), written.shape().end()}),
                          .form = static_cast<ChosenForm>(written.form()),
                          .forced = written.forced(),
                          .gradient_made = written.gradient_made()};
    if (written.option_size() != kFormCount) {
      FailDamaged(path_, fmt::format("trace \"{}\" has {} forms; expected {}", choice.trace,
                                     written.option_size(), kFormCount));
    }
    for (int form = 0; form < kFormCount; ++form) {
      const PlanTraceChoice::Option& row = written.option(form);
      choice.options[static_cast<size_t>(form)] = {row.why_not(),
                                                   {row.operations(), row.traffic(), row.kept()}};
    }
    graph_.trace_choices.push_back(std::move(choice));
  }

  void AddAlias(const PlanAlias& written) {
    if (graph_.Find(written.name())) {
      FailDamaged(path_, fmt::format("two nodes are named \"{}\"", written.name()));
    }
    graph_.Alias(written.name(),
                 Reference(written.node(), fmt::format("what is also named \"{}\"", written.name())));
  }

  const PlanFile& file_;
  const std::string& path_;
  Graph graph_;
};

}  // namespace

void WriteGraph(const Graph& graph, PlanFile& file) {
  file.set_name(graph.name);
  for (int id = 0; id < graph.size(); ++id) WriteNode(graph.node(Value{id}), *file.add_node());
  for (const State& state : graph.states) WriteState(state, *file.add_state());
  for (const Term& term : graph.terms) {
    PlanTerm& written = *file.add_term();
    written.set_name(term.name);
    written.set_value(term.value.id);
    written.set_at(static_cast<PlanTerm::At>(term.at));
    written.set_weight(term.weight.id);
    written.set_scale(term.scale);
    written.set_is_loss(term.is_loss);
    written.set_seed(term.seed.id);
  }
  for (const ParameterGradient& gradient : graph.gradients) {
    PlanGradient& written = *file.add_gradient();
    written.set_parameter(gradient.parameter.id);
    written.set_gradient(gradient.gradient.id);
  }
  for (const ParameterUpdate& update : graph.updates) {
    PlanUpdate& written = *file.add_update();
    written.set_parameter(update.parameter.id);
    written.set_next(update.next.id);
  }
  file.set_last_step(graph.last_step.id);
  file.set_first_window(graph.first_window.id);
  file.set_first_run(graph.first_run.id);
  WriteNames(graph, file);
}

Graph ReadGraph(const PlanFile& file, const std::string& path) { return GraphOfPlan(file, path).Read(); }

}  // namespace plgraph
