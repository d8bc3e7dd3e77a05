#include "serialization/language/node_from_message.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <optional>

#include "graph/ir/op_registry.h"

namespace plgraph {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// The field of an op's message that its definition names; an internal fault if the two have drifted apart.
const FieldDescriptor& FieldOf(const Message& op, std::string_view name) {
  const FieldDescriptor* field = op.GetDescriptor()->FindFieldByName(std::string(name));
  PLGRAPH_CHECK(field != nullptr,
                fmt::format("the message of {} has no field \"{}\"", op.GetDescriptor()->name(), name));
  return *field;
}

// The strings of a field: as many as there are, or one, or none if it is not set.
std::vector<std::string> Strings(const Message& op, const FieldDescriptor& field) {
  const auto* reflection = op.GetReflection();
  std::vector<std::string> names;
  if (field.is_repeated()) {
    for (int i = 0; i < reflection->FieldSize(op, &field); ++i) {
      names.push_back(reflection->GetRepeatedString(op, &field, i));
    }
  } else if (reflection->HasField(op, &field)) {
    names.push_back(reflection->GetString(op, &field));
  }
  return names;
}

std::string Owner(const OpText& text) {
  return fmt::format("{} ({})", text.owner, text.op->GetDescriptor()->name());
}

// Nothing: the attribute is faulty, and reported.
using ReadAttribute = std::optional<AttributeValue>;

class AttributeReader {
 public:
  AttributeReader(const OpText& text, const NameTable& names, Diagnostics& diagnostics)
      : text_(text), names_(names), diagnostics_(diagnostics), reflection_(*text.op->GetReflection()) {}

  ReadAttribute Read(std::string_view name) const {
    const FieldDescriptor& field = FieldOf(*text_.op, name);
    if (field.is_repeated()) return ReadRepeated(field);
    if (!reflection_.HasField(*text_.op, &field) && !field.has_default_value()) return ReadUnset(field);
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL:
        return AttributeValue(reflection_.GetBool(*text_.op, &field));
      case FieldDescriptor::CPPTYPE_INT32:
        return AttributeValue(std::int64_t{reflection_.GetInt32(*text_.op, &field)});
      case FieldDescriptor::CPPTYPE_INT64:
        return AttributeValue(std::int64_t{reflection_.GetInt64(*text_.op, &field)});
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return AttributeValue(reflection_.GetDouble(*text_.op, &field));
      case FieldDescriptor::CPPTYPE_ENUM:
        return AttributeValue(std::int64_t{reflection_.GetEnumValue(*text_.op, &field)});
      case FieldDescriptor::CPPTYPE_STRING:
        return ReadSize(field);
      default:
        PLGRAPH_CHECK(false, "an attribute of an unknown type: " + field.full_name());
    }
    return std::nullopt;
  }

 private:
  std::string Use(const FieldDescriptor& field) const {
    return fmt::format("{}: \"{}\"", Owner(text_), field.name());
  }

  // A size has no meaning of its own when it is not given; every other attribute may stay unset.
  ReadAttribute ReadUnset(const FieldDescriptor& field) const {
    if (field.cpp_type() != FieldDescriptor::CPPTYPE_STRING) return AttributeValue();
    if (!text_.where.damaged()) {
      diagnostics_.AddError(text_.where.name(), fmt::format("{} needs \"{}\"", Owner(text_), field.name()));
    }
    return std::nullopt;
  }

  ReadAttribute ReadSize(const FieldDescriptor& field) const {
    const std::string text = reflection_.GetString(*text_.op, &field);
    const auto size = names_.ResolveSize(text, 0, Use(field), text_.where.Of(field.name()).value());
    return size ? ReadAttribute(*size) : std::nullopt;
  }

  ReadAttribute ReadRepeated(const FieldDescriptor& field) const {
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      const auto shape = names_.ResolveShape(Strings(*text_.op, field), Owner(text_), text_.where);
      return shape ? ReadAttribute(shape->dims()) : std::nullopt;
    }
    const int count = reflection_.FieldSize(*text_.op, &field);
    std::vector<std::int64_t> numbers;
    numbers.reserve(static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) {
      numbers.push_back(reflection_.GetRepeatedInt32(*text_.op, &field, i));
    }
    return AttributeValue(std::move(numbers));
  }

  const OpText& text_;
  const NameTable& names_;
  Diagnostics& diagnostics_;
  const google::protobuf::Reflection& reflection_;
};

}  // namespace

void SetOp(Node& node, const OpText& text, const NameTable& names, Diagnostics& diagnostics) {
  const std::string& type = text.op->GetDescriptor()->name();
  const OpDef* def = FindOp(type);
  if (def == nullptr || def->internal) {
    diagnostics.AddError(text.where.name(),
                         fmt::format("{}: the op {} is not part of this program", text.owner, type));
    return;
  }
  bool sound = !text.where.damaged();
  const AttributeReader reader(text, names, diagnostics);
  for (const std::string_view name : def->attributes) {
    const ReadAttribute attribute = reader.Read(name);
    sound = sound && attribute.has_value();
    node.attributes.push_back(attribute.value_or(AttributeValue()));
  }
  for (const OperandDef& operand : def->operands) {
    const size_t count = operand.repeated ? Strings(*text.op, FieldOf(*text.op, operand.name)).size() : 1;
    node.operands.resize(node.operands.size() + count);
  }
  node.operand_locations.resize(node.operands.size());
  if (sound) node.op = def;
}

void SetOperands(Graph& graph, Value value, const OpText& text, const NameTable& names,
                 Diagnostics& diagnostics) {
  const OpDef* def = FindOp(text.op->GetDescriptor()->name());
  if (def == nullptr || def->internal) return;
  size_t index = 0;
  for (const OperandDef& operand : def->operands) {
    const std::vector<std::string> given = Strings(*text.op, FieldOf(*text.op, operand.name));
    if (given.empty() && !operand.optional && !text.where.damaged()) {
      diagnostics.AddError(text.where.name(),
                           fmt::format("{} needs the operand \"{}\"", Owner(text), operand.name));
    }
    for (size_t i = 0; i < given.size(); ++i) {
      const SourceLocation location = text.where.Of(operand.name, static_cast<int>(i)).value();
      graph.node(value).operand_locations[index + i] = location;
      const Value source =
          names.Resolve(given[i], fmt::format("{}: operand \"{}\"", Owner(text), operand.name), location);
      if (source) graph.SetOperand(value, index + i, source);
    }
    index += operand.repeated ? given.size() : 1;
  }
}

}  // namespace plgraph
