#include "serialization/language/op_reference.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "core/diagnostics.h"
#include "graph/ir/op_registry.h"
#include "serialization/language/field_values.h"
#include "serialization/language/language_descriptors.h"

namespace plgraph {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;

// The language with its comments; the descriptors inside the generated classes have none.
class Language {
 public:
  Language() {
    google::protobuf::FileDescriptorSet files;
    const std::string_view bytes = LanguageDescriptors();
    PLGRAPH_CHECK(files.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())),
                  "the language is damaged");
    for (const auto& file : files.file()) pool_.BuildFile(file);
    const Descriptor* node = pool_.FindMessageTypeByName("plgraph.NodeDef");
    PLGRAPH_CHECK(node != nullptr, "the language has no nodes");
    const auto* oneof = node->FindOneofByName("op");
    for (int i = 0; i < oneof->field_count(); ++i) ops_.push_back(oneof->field(i));
  }

  // The fields of a node that are ops, in the order of the .proto.
  const std::vector<const FieldDescriptor*>& ops() const { return ops_; }

 private:
  DescriptorPool pool_;
  std::vector<const FieldDescriptor*> ops_;
};

// The comment before (or, if there is none, behind) a definition, without the blank at the start of each line.
template <typename Definition>
std::string Comment(const Definition& definition) {
  google::protobuf::SourceLocation location;
  if (!definition.GetSourceLocation(&location)) return "";
  std::string text =
      location.leading_comments.empty() ? location.trailing_comments : location.leading_comments;
  std::string result;
  bool line_starts = true;
  for (const char c : text) {
    if (!(line_starts && c == ' ')) result += c;
    line_starts = c == '\n';
  }
  while (!result.empty() && std::isspace(static_cast<unsigned char>(result.back())) != 0) result.pop_back();
  return result;
}

std::string OnOneLine(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

// Up to a full stop behind which a new sentence or nothing comes ("eq. 1" goes on).
std::string FirstSentence(const std::string& text) {
  for (size_t i = 0; i + 2 < text.size(); ++i) {
    if (text[i] == '.' && text[i + 1] == ' ' && std::isupper(static_cast<unsigned char>(text[i + 2])) != 0) {
      return text.substr(0, i + 1);
    }
  }
  return text;
}

// "N M | M |" -> "[N, M] or [M] or a scalar".
std::string ShapeText(std::string_view pattern) {
  if (pattern == "*") return "any shape";
  std::vector<std::string> alternatives;
  std::string letters;
  for (const char c : std::string(pattern) + "|") {
    if (c == '|') {
      alternatives.push_back(letters.empty() ? "a scalar" : fmt::format("[{}]", letters));
      letters.clear();
    } else if (c != ' ') {
      if (!letters.empty()) letters += ", ";
      letters += c;
    }
  }
  return fmt::format("{}", fmt::join(alternatives, " or "));
}

std::string DefaultText(const FieldDescriptor& field) {
  if (!field.has_default_value()) return "";
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return fmt::format("{}", field.default_value_double());
    case FieldDescriptor::CPPTYPE_BOOL:
      return field.default_value_bool() ? "true" : "false";
    case FieldDescriptor::CPPTYPE_INT32:
      return fmt::format("{}", field.default_value_int32());
    case FieldDescriptor::CPPTYPE_INT64:
      return fmt::format("{}", field.default_value_int64());
    case FieldDescriptor::CPPTYPE_ENUM:
      return field.default_value_enum()->name();
    case FieldDescriptor::CPPTYPE_STRING:
      return fmt::format("\"{}\"", field.default_value_string());
    default:
      return "";
  }
}

std::string Row(const std::string& name, const std::string& what, const std::string& comment) {
  std::string row = fmt::format("  {:<12} {}", name, what);
  for (size_t begin = 0; begin < comment.size();) {
    const size_t end = std::min(comment.find('\n', begin), comment.size());
    row += fmt::format("\n               {}", comment.substr(begin, end - begin));
    begin = end + 1;
  }
  return row + "\n";
}

std::string OperandRow(const OperandDef& operand, const FieldDescriptor& field) {
  std::string what = ShapeText(operand.shape);
  if (operand.repeated) what += ", any number of them from one on";
  if (operand.optional) what += " (optional)";
  return Row(field.name(), what, Comment(field));
}

std::string AttributeRow(const FieldDescriptor& field) {
  std::string what = ExpectedValue(field);
  if (field.is_repeated()) what = fmt::format("a list, each {}", what);
  const std::string value = DefaultText(field);
  what += value.empty() ? "; unset unless given" : "; default " + value;
  std::string comment = Comment(field);
  for (int i = 0; field.enum_type() != nullptr && i < field.enum_type()->value_count(); ++i) {
    const std::string note = OnOneLine(Comment(*field.enum_type()->value(i)));
    if (!note.empty())
      comment +=
          fmt::format("{}{}: {}", comment.empty() ? "" : "\n", field.enum_type()->value(i)->name(), note);
  }
  return Row(field.name(), what, comment);
}

std::string FlowText(const OpDef& def) {
  if (def.compose == nullptr && def.adjoint == &NotDifferentiable)
    return "none flows through it: it is zero everywhere";
  return def.compose != nullptr ? "flows through it (it is composed of other ops)" : "flows through it";
}

std::string Reference(const FieldDescriptor& op) {
  const Descriptor& message = *op.message_type();
  std::string text = fmt::format("{}, written `{} {{ ... }}` in a node\n\n{}\n", message.name(), op.name(),
                                 Comment(message));
  const OpDef* def = FindOp(message.name());
  if (def == nullptr) return text + "\nThis program has no definition of it.\n";
  text += "\nOperands (names of values)\n";
  for (const OperandDef& operand : def->operands) {
    text += OperandRow(operand, *message.FindFieldByName(std::string(operand.name)));
  }
  if (!def->attributes.empty()) text += "\nAttributes\n";
  for (const std::string_view name : def->attributes)
    text += AttributeRow(*message.FindFieldByName(std::string(name)));
  text += fmt::format("\nResult    {}\n", def->shape_rule != nullptr
                                              ? "its shape follows from the operands, as described above"
                                              : ShapeText(def->result));
  text += fmt::format("Gradient  {}\n", FlowText(*def));
  if (def->training_only) text += "Outside training it is its first operand.\n";
  return text;
}

}  // namespace

std::string OpList() {
  const Language language;
  std::string text;
  for (const FieldDescriptor* op : language.ops()) {
    text += fmt::format("{:<21} {}\n", op->name(), FirstSentence(OnOneLine(Comment(*op->message_type()))));
  }
  return text;
}

std::string OpReference(const std::string& name) {
  const Language language;
  std::vector<std::string> names;
  for (const FieldDescriptor* op : language.ops()) {
    if (name == op->name() || name == op->message_type()->name()) return Reference(*op);
    names.push_back(op->name());
    names.push_back(op->message_type()->name());
  }
  throw Error(ErrorKind::kInvalid,
              fmt::format("there is no op \"{}\"{}; `plgraph ops` lists all", name, DidYouMean(name, names)));
}

}  // namespace plgraph
