#ifndef PLGRAPH_TESTS_SUPPORT_MODEL_OF_GRAPH_H_
#define PLGRAPH_TESTS_SUPPORT_MODEL_OF_GRAPH_H_

#include <google/protobuf/descriptor.h>

#include <cmath>
#include <string>

#include "core/error.h"
#include "graph/ir/graph.h"
#include "serialization/language/model.pb.h"

namespace plgraph {

/// Writes a graph of ops of the language, as GraphFromModel would build it, as a model: so that a random graph can go
/// through everything that a model file goes through. Parameters get initial values of a size that keeps that of what they
/// are multiplied with.
class ModelOfGraph {
 public:
  explicit ModelOfGraph(const Graph& graph) : graph_(graph) {}

  Model Write() {
    model_.set_name("random");
    for (int id = 0; id < graph_.size(); ++id) AddNode(graph_.node(Value{id}));
    for (const State& state : graph_.states) AddState(state);
    for (const Term& term : graph_.terms) AddLoss(term);
    return std::move(model_);
  }

 private:
  using Field = google::protobuf::FieldDescriptor;
  using Message = google::protobuf::Message;

  const std::string& NameOf(Value value) const { return graph_.node(value).name; }

  template <typename Def>
  static void SetShape(const Node& node, Def& def) {
    for (const std::int64_t extent : node.shape.dims()) def.add_shape(std::to_string(extent));
  }

  void AddNode(const Node& node) {
    switch (node.kind) {
      case NodeKind::kInput: {
        InputDef& input = *model_.add_input();
        input.set_name(node.name);
        SetShape(node, input);
        if (!node.variance.step) input.set_per(InputDef::EPISODE);
        return;
      }
      case NodeKind::kParameter: {
        ParameterDef& parameter = *model_.add_parameter();
        parameter.set_name(node.name);
        SetShape(node, parameter);
        const double width = node.shape.rank() >= 2 ? static_cast<double>(node.shape.dim(0)) : 1.0;
        parameter.mutable_normal()->set_stddev(0.7 / std::sqrt(width));
        return;
      }
      case NodeKind::kOp:
        return AddOp(node, *model_.add_node());
      default:
        return;
    }
  }

  void AddState(const State& state) {
    StateDef& def = *model_.add_state();
    def.set_name(NameOf(state.value));
    SetShape(graph_.node(state.value), def);
    def.set_next(NameOf(state.next));
    if (graph_.node(state.next).kind == NodeKind::kParameter) {  // which the language has as a node only
      def.set_next(def.name() + "_next");
      NodeDef& node = *model_.add_node();
      node.set_name(def.next());
      node.mutable_scale()->set_x(NameOf(state.next));
    }
    if (state.initial) {
      def.set_initial_parameter(NameOf(state.initial));
    } else if (state.initial_constant != 0) {
      def.set_initial_constant(state.initial_constant);
    }
    if (state.kept) def.set_lifetime(StateDef::KEPT);
  }

  void AddLoss(const Term& term) {
    LossDef& loss = *model_.add_loss();
    loss.set_value(NameOf(term.value));
    if (term.at == TermAt::kEveryStep) loss.set_at(EVERY_STEP);
    if (term.weight) loss.set_weighted_by(NameOf(term.weight));
    loss.set_scale(term.scale);
  }

  void AddOp(const Node& node, NodeDef& def) const {
    def.set_name(node.name);
    Message& op = *def.GetReflection()->MutableMessage(&def, FieldOf(*node.op));
    size_t at = 0;
    for (const OperandDef& operand : node.op->operands) {
      const Field& field = *op.GetDescriptor()->FindFieldByName(std::string(operand.name));
      const size_t count = operand.repeated ? node.operands.size() : 1;
      for (size_t i = 0; i < count; ++i, ++at) {
        if (node.operands[at]) SetString(op, field, NameOf(node.operands[at]));
      }
    }
    for (size_t i = 0; i < node.attributes.size(); ++i) {
      SetAttribute(op, *op.GetDescriptor()->FindFieldByName(std::string(node.op->attributes[i])),
                   node.attributes[i]);
    }
  }

  static const Field* FieldOf(const OpDef& op) {
    const auto& oneof = *NodeDef::descriptor()->FindOneofByName("op");
    for (int i = 0; i < oneof.field_count(); ++i) {
      if (oneof.field(i)->message_type()->name() == op.name) return oneof.field(i);
    }
    PLGRAPH_CHECK(false, "an op that is not of the language");
    return nullptr;
  }

  static void SetString(Message& op, const Field& field, const std::string& text) {
    if (field.is_repeated()) {
      op.GetReflection()->AddString(&op, &field, text);
    } else {
      op.GetReflection()->SetString(&op, &field, text);
    }
  }

  static void SetAttribute(Message& op, const Field& field, const AttributeValue& attribute) {
    const auto& reflection = *op.GetReflection();
    if (const auto* flag = std::get_if<bool>(&attribute)) reflection.SetBool(&op, &field, *flag);
    if (const auto* real = std::get_if<double>(&attribute)) reflection.SetDouble(&op, &field, *real);
    if (const auto* integer = std::get_if<std::int64_t>(&attribute)) SetInteger(op, field, *integer);
    if (const auto* integers = std::get_if<IntegerList>(&attribute)) {
      for (const std::int64_t integer : *integers) {
        if (field.cpp_type() == Field::CPPTYPE_STRING) {
          reflection.AddString(&op, &field, std::to_string(integer));
        } else {
          reflection.AddInt32(&op, &field, static_cast<std::int32_t>(integer));
        }
      }
    }
  }

  static void SetInteger(Message& op, const Field& field, std::int64_t integer) {
    const auto& reflection = *op.GetReflection();
    switch (field.cpp_type()) {
      case Field::CPPTYPE_STRING:
        return reflection.SetString(&op, &field, std::to_string(integer));
      case Field::CPPTYPE_ENUM:
        return reflection.SetEnumValue(&op, &field, static_cast<int>(integer));
      case Field::CPPTYPE_INT32:
        return reflection.SetInt32(&op, &field, static_cast<std::int32_t>(integer));
      default:
        return reflection.SetInt64(&op, &field, integer);
    }
  }

  const Graph& graph_;
  Model model_;
};

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_SUPPORT_MODEL_OF_GRAPH_H_
