// The language (the messages of ops.proto), the definitions (the registry) and the tests (the table) have the same ops.
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "graph/ir/op_registry.h"
#include "serialization/language/ops.pb.h"
#include "tests/ops/op_row.h"

namespace plgraph {
namespace {

std::vector<const google::protobuf::Descriptor*> OpMessages() {
  std::vector<const google::protobuf::Descriptor*> messages;
  const google::protobuf::OneofDescriptor* ops = NodeDef::descriptor()->FindOneofByName("op");
  for (int i = 0; i < ops->field_count(); ++i) messages.push_back(ops->field(i)->message_type());
  return messages;
}

const OperandDef* FindOperand(const OpDef& op, std::string_view name) {
  const auto it =
      std::find_if(op.operands.begin(), op.operands.end(), [&](const auto& o) { return o.name == name; });
  return it == op.operands.end() ? nullptr : &*it;
}

bool HasAttribute(const OpDef& op, std::string_view name) {
  return std::find(op.attributes.begin(), op.attributes.end(), name) != op.attributes.end();
}

TEST(OpLanguage, EveryOpIsDefinedAndHasARow) {
  std::set<std::string> with_row;
  for (const OpRow& row : OpTable()) with_row.insert(row.op);
  for (const auto* message : OpMessages()) {
    const OpDef* op = FindOp(message->name());
    ASSERT_NE(op, nullptr) << message->name() << " has no definition in ops/";
    EXPECT_FALSE(op->internal) << message->name();
    EXPECT_TRUE(with_row.contains(message->name())) << message->name() << " has no row in tests/ops/";
  }
}

TEST(OpLanguage, EveryFieldIsAnOperandOrAnAttribute) {
  for (const auto* message : OpMessages()) {
    const OpDef& op = GetOp(message->name());
    for (int i = 0; i < message->field_count(); ++i) {
      const google::protobuf::FieldDescriptor* field = message->field(i);
      const OperandDef* operand = FindOperand(op, field->name());
      EXPECT_NE(operand != nullptr, HasAttribute(op, field->name()))
          << field->full_name() << " must be either an operand or an attribute";
      if (operand == nullptr) continue;
      EXPECT_EQ(field->type(), google::protobuf::FieldDescriptor::TYPE_STRING) << field->full_name();
      EXPECT_EQ(field->is_repeated(), operand->repeated) << field->full_name();
    }
  }
}

TEST(OpLanguage, EveryOperandAndAttributeIsAField) {
  for (const auto* message : OpMessages()) {
    const OpDef& op = GetOp(message->name());
    for (const OperandDef& operand : op.operands) {
      EXPECT_NE(message->FindFieldByName(std::string(operand.name)), nullptr)
          << op.name << ": " << operand.name;
    }
    for (const std::string_view attribute : op.attributes) {
      EXPECT_NE(message->FindFieldByName(std::string(attribute)), nullptr) << op.name << ": " << attribute;
    }
  }
}

TEST(OpLanguage, EveryDefinitionIsInTheLanguageOrInternal) {
  std::set<std::string_view> names;
  for (const auto* message : OpMessages()) names.insert(message->name());
  for (const OpDef* op : AllOps()) EXPECT_NE(names.contains(op->name), op->internal) << op->name;
}

}  // namespace
}  // namespace plgraph
