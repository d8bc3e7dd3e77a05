#include "serialization/language/graph_from_model.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <map>
#include <set>

#include "serialization/language/check_initializer.h"
#include "serialization/language/name_table.h"
#include "serialization/language/node_from_message.h"

namespace plgraph {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Place = ModelLocations::Place;

// The op that stands in a node or a metric.
OpText OpOf(const std::string& owner, const Message& message, const Place& where) {
  const auto* oneof = message.GetDescriptor()->FindOneofByName("op");
  const FieldDescriptor* field = message.GetReflection()->GetOneofFieldDescriptor(message, oneof);
  if (field == nullptr || field->message_type() == nullptr) return {owner, nullptr, where};
  return {owner, &message.GetReflection()->GetMessage(message, field), where.Of(field->name())};
}

// The node that a metric brings along; no value for one that names a value of the model.
struct MetricNode {
  Value value;
  bool name_is_faulty = false;  // and was reported
};

class GraphReader {
 public:
  GraphReader(const Model& model, const ModelLocations& locations, Diagnostics& diagnostics)
      : model_(model), locations_(locations), diagnostics_(diagnostics), names_(diagnostics) {}

  Graph Read() {
    graph_.name = model_.name();
    CheckModelName();
    for (int i = 0; i < model_.dim_size(); ++i) AddDim(model_.dim(i), locations_.Of("dim", i));
    for (int i = 0; i < model_.input_size(); ++i) AddInput(model_.input(i), locations_.Of("input", i));
    for (int i = 0; i < model_.parameter_size(); ++i)
      AddParameter(model_.parameter(i), locations_.Of("parameter", i));
    for (int i = 0; i < model_.state_size(); ++i) AddState(model_.state(i), locations_.Of("state", i));
    for (int i = 0; i < model_.node_size(); ++i) AddNode(model_.node(i), locations_.Of("node", i));
    for (int i = 0; i < model_.metric_size(); ++i)
      AddMetricNode(model_.metric(i), locations_.Of("metric", i));
    // From here on every name is known.
    for (const auto& [value, text] : ops_) SetOperands(graph_, value, text, names_, diagnostics_);
    for (int i = 0; i < model_.state_size(); ++i) ConnectState(model_.state(i), i, locations_.Of("state", i));
    for (int i = 0; i < model_.loss_size(); ++i) AddLoss(model_.loss(i), locations_.Of("loss", i));
    for (int i = 0; i < model_.metric_size(); ++i) AddMetric(model_.metric(i), i, locations_.Of("metric", i));
    if (!diagnostics_.has_errors()) names_.WarnOfUnusedDims();
    return std::move(graph_);
  }

 private:
  // It is printed in the midst of lines.
  void CheckModelName() {
    const bool sound = std::ranges::none_of(
        graph_.name, [](const char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
    if (sound) return;
    diagnostics_.AddError(locations_.Of("name").value(),
                          "the name of a model cannot hold control characters");
  }

  void AddDim(const Dim& dim, const Place& where) {
    names_.AddDim(dim.name(), dim.has_size() ? std::optional(dim.size()) : std::nullopt, where);
  }

  // A source whose shape is faulty becomes a node that nobody asks for its shape: an op without definition.
  template <typename Def>
  Value AddSource(NodeKind kind, const std::string& kind_name, const Def& def, Variance variance,
                  const Place& where) {
    Node node{.name = def.name(), .kind = kind, .variance = variance, .location = where.name()};
    const std::optional<Shape> shape =
        names_.ResolveShape({def.shape().begin(), def.shape().end()}, Titled(kind_name, def.name()), where);
    if (shape && !where.damaged()) {
      node.shape = *shape;
    } else {
      node.kind = NodeKind::kOp;
    }
    const Value value = graph_.Add(std::move(node));
    names_.AddValue(kind_name, def.name(), value, where);
    return value;
  }

  void AddInput(const InputDef& def, const Place& where) {
    const bool step = def.per() == InputDef::STEP;
    inputs_[AddSource(NodeKind::kInput, "input", def, {.sample = true, .step = step}, where).id] = step;
  }

  void AddParameter(const ParameterDef& def, const Place& where) {
    const Value value = AddSource(NodeKind::kParameter, "parameter", def, {}, where);
    Node& node = graph_.node(value);
    node.trainable = def.trainable();
    if (node.kind == NodeKind::kParameter) CheckInitializer(def, node.shape, where, diagnostics_);
    parameters_.insert(value.id);
  }

  void AddState(const StateDef& def, const Place& where) {
    const Value value = AddSource(NodeKind::kState, "state", def, {.sample = true, .step = true}, where);
    graph_.states.push_back({.value = value,
                             .next = {},
                             .initial_constant = def.initial_constant(),
                             .kept = def.lifetime() == StateDef::KEPT});
  }

  void AddNode(const NodeDef& def, const Place& where) {
    const OpText text = OpOf(Titled("node", def.name()), def, where);
    if (text.op == nullptr && !where.damaged()) {
      diagnostics_.AddError(where.name(), fmt::format("{} has no op", text.owner),
                            "`plgraph ops` lists all ops");
    }
    names_.AddValue("node", def.name(), AddOp(def.name(), text, where), where);
  }

  Value AddOp(const std::string& name, const OpText& text, const Place& where) {
    Node node{.name = name, .location = where.name()};
    if (text.op != nullptr) SetOp(node, text, names_, diagnostics_);
    const Value value = graph_.Add(std::move(node));
    if (text.op != nullptr) ops_.emplace_back(value, text);
    return value;
  }

  // An op that stands in a metric is a node of the metric's name.
  void AddMetricNode(const MetricDef& def, const Place& where) {
    const OpText text = OpOf(Titled("metric", def.name()), def, where);
    MetricNode node;
    if (text.op != nullptr) {
      node.value = AddOp(def.name(), text, where);
      node.name_is_faulty = !names_.AddValue("metric", def.name(), node.value, where);
    }
    metric_nodes_.push_back(node);
  }

  // A state whose own shape is faulty stays alone: it would only disagree with what it is connected to.
  void ConnectState(const StateDef& def, int index, const Place& where) {
    State& state = graph_.states[static_cast<size_t>(index)];
    const Value next = ResolveNext(def, where);
    const Value initial = ResolveInitial(def, where);
    if (graph_.node(state.value).kind != NodeKind::kState) return;
    state.next = next;
    state.initial = initial;
  }

  Value ResolveNext(const StateDef& def, const Place& where) {
    const std::string title = Titled("state", def.name());
    if (!def.has_next()) {
      if (!where.damaged()) {
        diagnostics_.AddError(where.name(), title + " has no \"next\"",
                              "name the value that it takes at the end of each step");
      }
      return {};
    }
    const SourceLocation location = where.Of("next").value();
    const Value next = names_.Resolve(def.next(), title + ": next", location);
    if (!parameters_.contains(next.id)) return next;
    diagnostics_.AddError(
        location, fmt::format("{}: next is the parameter \"{}\"; expected a node, an input or a state", title,
                              def.next()));
    return {};
  }

  Value ResolveInitial(const StateDef& def, const Place& where) {
    if (!def.has_initial_parameter()) return {};
    const std::string title = Titled("state", def.name());
    const SourceLocation location = where.Of("initial_parameter").value();
    const Value initial = names_.Resolve(def.initial_parameter(), title + ": initial_parameter", location);
    if (!initial) return {};
    if (!parameters_.contains(initial.id)) {
      diagnostics_.AddError(location, fmt::format("{}: initial_parameter is \"{}\", which is not a parameter",
                                                  title, def.initial_parameter()));
      return {};
    }
    if (graph_.node(initial).kind != NodeKind::kParameter) return {};
    if (def.lifetime() == StateDef::KEPT && graph_.node(initial).trainable) {
      diagnostics_.AddWarning(location,
                              fmt::format("{}: initial_parameter \"{}\" is trained, but a KEPT state starts "
                                          "from it only once, so that only "
                                          "the first run of the training has a gradient for the start",
                                          title, def.initial_parameter()),
                              "a state with `lifetime: EPISODE` starts from it in every episode");
    }
    return initial;
  }

  // What losses and metrics have in common: the steps at which they are taken.
  template <typename Def>
  void SetSteps(Term& term, const Def& def, const std::string& title, const Place& where) {
    term.at = def.at() == LAST_STEP ? TermAt::kLastStep : TermAt::kEveryStep;
    if (!def.has_weighted_by()) return;
    if (def.has_at()) {
      diagnostics_.AddError(where.Of("weighted_by").name(),
                            title + " has both \"at\" and \"weighted_by\"; expected one of them",
                            "the weights say at which steps it counts");
    }
    const SourceLocation location = where.Of("weighted_by").value();
    const Value weight = names_.Resolve(def.weighted_by(), title + ": weighted_by", location);
    if (!weight) return;
    term.at = TermAt::kWeighted;
    term.weight = weight;
    const auto it = inputs_.find(weight.id);
    if (it == inputs_.end() || !it->second) {
      diagnostics_.AddError(
          location, fmt::format("{}: weighted_by is \"{}\"; expected an input with a value for each step",
                                title, def.weighted_by()));
    }
  }

  void AddLoss(const LossDef& def, const Place& where) {
    Term term{
        .name = def.value(), .value = {}, .scale = def.scale(), .is_loss = true, .location = where.name()};
    const std::string title = def.value().empty() ? "loss" : Titled("loss", def.value());
    if (def.has_value()) {
      term.value = names_.Resolve(def.value(), "loss: value", where.Of("value").value());
    } else if (!where.damaged()) {
      diagnostics_.AddError(where.name(), "loss has no \"value\"", "name the scalar that is minimised");
    }
    SetSteps(term, def, title, where);
    graph_.terms.push_back(std::move(term));
  }

  void AddMetric(const MetricDef& def, int index, const Place& where) {
    const std::string title = Titled("metric", def.name());
    const MetricNode& node = metric_nodes_[static_cast<size_t>(index)];
    if (!node.name_is_faulty) CheckMetricName(def, where);
    Term term{.name = def.name(), .value = node.value, .location = where.name()};
    if (def.has_value()) {
      term.value = names_.Resolve(def.value(), title + ": value", where.Of("value").value());
    } else if (!term.value && !where.damaged()) {
      diagnostics_.AddError(where.name(), title + " has neither an op nor a \"value\"");
    }
    SetSteps(term, def, title, where);
    graph_.terms.push_back(std::move(term));
  }

  void CheckMetricName(const MetricDef& def, const Place& where) {
    if (def.name().empty()) {
      if (!where.damaged()) diagnostics_.AddError(where.name(), "metric without a name");
      return;
    }
    const SourceLocation location = where.Of("name").value();
    CheckNotTaken(def.name(), location);
    const auto [first, is_new] = metric_names_.try_emplace(def.name(), location);
    if (is_new) return;
    diagnostics_.AddError(location, fmt::format("metric \"{}\" is defined twice, first at {}", def.name(),
                                                diagnostics_.sources().ShortPlace(first->second)));
  }

  // Lines of metrics.jsonl, and what `eval --json` prints, hold the metrics beside numbers of their own.
  void CheckNotTaken(const std::string& metric, SourceLocation location) {
    constexpr std::string_view kTaken[] = {"confusion", "data", "episode", "episodes", "loss", "seconds"};
    constexpr std::string_view kEvaluation = "evaluation_";
    if (std::find(std::begin(kTaken), std::end(kTaken), metric) != std::end(kTaken)) {
      diagnostics_.AddError(
          location,
          fmt::format("metric \"{}\": metrics.jsonl or `eval --json` has something else by this name",
                      metric),
          "rename the metric");
    } else if (metric.starts_with(kEvaluation)) {
      diagnostics_.AddError(
          location,
          fmt::format(
              "metric \"{}\": in metrics.jsonl a name that begins with \"{}\" is what an evaluation measured",
              metric, kEvaluation),
          "rename the metric");
    }
  }

  const Model& model_;
  const ModelLocations& locations_;
  Diagnostics& diagnostics_;
  NameTable names_;
  Graph graph_;
  std::vector<std::pair<Value, OpText>> ops_;  // whose operands are set when all names are known
  std::vector<MetricNode> metric_nodes_;
  std::map<std::int32_t, bool> inputs_;  // whether they have a value for each step
  std::set<std::int32_t> parameters_;
  std::map<std::string, SourceLocation> metric_names_;
};

}  // namespace

Graph GraphFromModel(const Model& model, const ModelLocations& locations, Diagnostics& diagnostics) {
  return GraphReader(model, locations, diagnostics).Read();
}

}  // namespace plgraph
