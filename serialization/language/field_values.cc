#include "serialization/language/field_values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/descriptor.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "core/utf8.h"
#include "serialization/language/model.pb.h"

namespace plgraph {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::io::Tokenizer;

std::string Written(const ScalarText& value) {
  return value.negative ? fmt::format("\"-{}\"", value.word.text) : value.word.Described();
}

std::string NotWhatIsExpected(const FieldDescriptor& field, const ScalarText& value) {
  return fmt::format("expected {}, found {}", ExpectedValue(field), Written(value));
}

bool StartsLikeOctal(const TextToken& word) {
  return word.kind == TextToken::Kind::kInteger && word.text.size() > 1 && word.text[0] == '0' &&
         word.text[1] != 'x' && word.text[1] != 'X';
}

std::string LeadingZero(const TextToken& word) {
  const size_t first = word.text.find_first_not_of('0');
  return fmt::format("\"{}\" starts with a zero, which some take for octal; write {}", word.text,
                     first == std::string::npos ? "0" : word.text.substr(first));
}

// Sets T through the member of Reflection that suits the field: Set for one value, Add for one of several.
template <typename T>
void Store(Message& message, const FieldDescriptor& field, T value,
           void (Reflection::*set)(Message*, const FieldDescriptor*, T) const,
           void (Reflection::*add)(Message*, const FieldDescriptor*, T) const) {
  const Reflection* reflection = message.GetReflection();
  (reflection->*(field.is_repeated() ? add : set))(&message, &field, value);
}

std::string SetInteger(Message& message, const FieldDescriptor& field, const ScalarText& value) {
  if (value.word.kind != TextToken::Kind::kInteger) return NotWhatIsExpected(field, value);
  if (StartsLikeOctal(value.word)) return LeadingZero(value.word);
  const auto type = field.cpp_type();
  const bool is_unsigned = type == FieldDescriptor::CPPTYPE_UINT64;
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
  if (type == FieldDescriptor::CPPTYPE_INT64) limit = std::numeric_limits<std::int64_t>::max();
  if (type == FieldDescriptor::CPPTYPE_INT32) limit = std::numeric_limits<std::int32_t>::max();
  if (value.negative && is_unsigned) return NotWhatIsExpected(field, value);
  if (value.negative) ++limit;
  std::uint64_t magnitude = 0;
  if (!Tokenizer::ParseInteger(value.word.text, limit, &magnitude)) {
    return fmt::format("{} is out of range: expected at {}{}", Written(value),
                       value.negative ? "least -" : "most ", limit);
  }
  // Two's complement: right for the smallest number too, whose magnitude no signed type holds.
  const auto number = static_cast<std::int64_t>(value.negative ? 0 - magnitude : magnitude);
  if (is_unsigned) {
    Store<std::uint64_t>(message, field, magnitude, &Reflection::SetUInt64, &Reflection::AddUInt64);
  } else if (type == FieldDescriptor::CPPTYPE_INT64) {
    Store<std::int64_t>(message, field, number, &Reflection::SetInt64, &Reflection::AddInt64);
  } else {
    Store<std::int32_t>(message, field, static_cast<std::int32_t>(number), &Reflection::SetInt32,
                        &Reflection::AddInt32);
  }
  return "";
}

// A number that the run can hold: it runs in float, where 1e39 is infinite and 1e-50 is zero.
bool FitsFloat(double number) {
  const float held = static_cast<float>(number);
  return std::isfinite(held) && (held != 0 || number == 0);
}

bool NamesNoFiniteNumber(const TextToken& word) {
  return word.kind == TextToken::Kind::kIdentifier &&
         (word.text == "inf" || word.text == "infinity" || word.text == "nan");
}

std::string SetReal(Message& message, const FieldDescriptor& field, const ScalarText& value) {
  const TextToken& word = value.word;
  if (NamesNoFiniteNumber(word)) return fmt::format("expected a finite number, found {}", Written(value));
  if (word.kind != TextToken::Kind::kInteger && word.kind != TextToken::Kind::kFloat) {
    return NotWhatIsExpected(field, value);
  }
  if (StartsLikeOctal(word)) return LeadingZero(word);
  double number = 0;
  const char* end = word.text.data() + word.text.size();
  const auto [rest, error] = std::from_chars(word.text.data(), end, number);
  const bool in_range = error != std::errc::result_out_of_range;
  if (in_range && (error != std::errc{} || rest != end)) return NotWhatIsExpected(field, value);
  if (!in_range || !FitsFloat(number)) {
    return fmt::format("{} is out of range: a float is 0 or from about 1e-45 to 3.4e38", Written(value));
  }
  Store<double>(message, field, value.negative ? -number : number, &Reflection::SetDouble,
                &Reflection::AddDouble);
  return "";
}

std::string SetBool(Message& message, const FieldDescriptor& field, const ScalarText& value) {
  const bool is_true = value.word.text == "true";
  if (value.word.kind != TextToken::Kind::kIdentifier || value.negative ||
      (!is_true && value.word.text != "false")) {
    return NotWhatIsExpected(field, value);
  }
  Store<bool>(message, field, is_true, &Reflection::SetBool, &Reflection::AddBool);
  return "";
}

std::vector<std::string> ValueNames(const EnumDescriptor& type) {
  std::vector<std::string> names;
  names.reserve(static_cast<size_t>(type.value_count()));
  for (int i = 0; i < type.value_count(); ++i) names.push_back(type.value(i)->name());
  return names;
}

std::string SetEnum(Message& message, const FieldDescriptor& field, const ScalarText& value) {
  const auto* found = value.negative || value.word.kind != TextToken::Kind::kIdentifier
                          ? nullptr
                          : field.enum_type()->FindValueByName(value.word.text);
  if (found == nullptr) {
    return NotWhatIsExpected(field, value) + DidYouMean(value.word.text, ValueNames(*field.enum_type()));
  }
  Store<const google::protobuf::EnumValueDescriptor*>(message, field, found, &Reflection::SetEnum,
                                                      &Reflection::AddEnum);
  return "";
}

std::string SetString(Message& message, const FieldDescriptor& field, const ScalarText& value) {
  if (value.word.kind != TextToken::Kind::kString || value.negative) return NotWhatIsExpected(field, value);
  std::string text;
  Tokenizer::ParseString(value.word.text, &text);
  if (FindInvalidUtf8(text)) return "the escapes in this string make bytes that are not UTF-8";
  if (text.find('\0') != std::string::npos) return "a string cannot hold a zero byte";
  const Reflection* reflection = message.GetReflection();
  if (field.is_repeated()) {
    reflection->AddString(&message, &field, text);
  } else {
    reflection->SetString(&message, &field, text);
  }
  return "";
}

}  // namespace

ScalarText ReadScalarText(TextTokens& tokens) {
  ScalarText value;
  if (tokens.current().Is("-")) {
    value.negative = true;
    tokens.Next();
  }
  value.word = tokens.current();
  if (value.word.kind == TextToken::Kind::kEnd || value.word.kind == TextToken::Kind::kSymbol) return value;
  tokens.Next();
  return value;
}

std::string SetScalar(Message& message, const FieldDescriptor& field, const ScalarText& value) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT64:
      return SetInteger(message, field, value);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return SetReal(message, field, value);
    case FieldDescriptor::CPPTYPE_BOOL:
      return SetBool(message, field, value);
    case FieldDescriptor::CPPTYPE_ENUM:
      return SetEnum(message, field, value);
    case FieldDescriptor::CPPTYPE_STRING:
      return SetString(message, field, value);
    default:
      PLGRAPH_CHECK(false, "the language has no scalars of type " + std::string(field.type_name()));
  }
  return "";
}

std::string ExpectedValue(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return "a number";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return fmt::format("one of {}", fmt::join(ValueNames(*field.enum_type()), ", "));
    case FieldDescriptor::CPPTYPE_STRING:
      return "a string in quotes";
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return fmt::format("\"{{\" and fields of {}", TypeName(*field.message_type()));
    case FieldDescriptor::CPPTYPE_UINT64:
      return "an integer from 0 on";
    default:
      return "an integer";
  }
}

std::vector<std::string> FieldNames(const Descriptor& message) {
  std::vector<std::string> names;
  names.reserve(static_cast<size_t>(message.field_count()));
  for (int i = 0; i < message.field_count(); ++i) names.push_back(message.field(i)->name());
  return names;
}

std::string TypeName(const Descriptor& message) {
  std::string name = message.name();
  if (name.ends_with("Def")) name.resize(name.size() - 3);
  return name;
}

std::string UnknownField(const Descriptor& message, const std::string& name) {
  const std::vector<std::string> names = FieldNames(message);
  if (&message == NodeDef::descriptor()) {
    return fmt::format("unknown op \"{}\"{}", name, DidYouMean(name, names));
  }
  if (names.empty())
    return fmt::format("{} has no field \"{}\"; it has none at all", TypeName(message), name);
  return fmt::format("{} has no field \"{}\"; its fields are {}{}", TypeName(message), name,
                     fmt::join(names, ", "), DidYouMean(name, names));
}

std::vector<std::string> ElementNames(const Message& message, const FieldDescriptor& field) {
  const FieldDescriptor* name = field.message_type()->field(0);
  std::vector<std::string> names;
  for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
    const Message& element = message.GetReflection()->GetRepeatedMessage(message, &field, i);
    names.push_back(name->cpp_type() == FieldDescriptor::CPPTYPE_STRING
                        ? element.GetReflection()->GetString(element, name)
                        : std::to_string(i));
  }
  return names;
}

const FieldDescriptor* SetBefore(const Message& message, const FieldDescriptor& field) {
  if (field.is_repeated()) return nullptr;
  const Reflection* reflection = message.GetReflection();
  if (reflection->HasField(message, &field)) return &field;
  const auto* oneof = field.real_containing_oneof();
  return oneof != nullptr && reflection->HasOneof(message, oneof)
             ? reflection->GetOneofFieldDescriptor(message, oneof)
             : nullptr;
}

}  // namespace plgraph
