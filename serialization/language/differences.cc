#include "serialization/language/differences.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "serialization/language/field_values.h"

namespace plgraph {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::TextFormat;

constexpr const char* kNotSet = "not set";

// On one line, in braces.
std::string TextOf(const Message& message) {
  TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  std::string text;
  printer.PrintToString(message, &text);
  return text.empty() ? "{}" : fmt::format("{{ {}}}", text);
}

std::string ValueText(const Message& message, const FieldDescriptor& field, int index = -1) {
  std::string text;
  TextFormat::PrintFieldValueToString(message, &field, index, &text);
  return text;
}

class Comparison {
 public:
  void Compare(const Message& before, const Message& after, const std::string& prefix) {
    const google::protobuf::Descriptor& type = *before.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      const OneofDescriptor* oneof = field.real_containing_oneof();
      if (oneof == nullptr) {
        CompareField(before, after, field, prefix);
      } else if (oneof->field(0) == &field) {
        CompareOneof(before, after, *oneof, prefix);
      }
    }
  }

  std::vector<Difference> Take() { return std::move(differences_); }

 private:
  void Add(std::string path, std::string before, std::string after) {
    differences_.push_back({std::move(path), std::move(before), std::move(after)});
  }

  void CompareField(const Message& before, const Message& after, const FieldDescriptor& field,
                    const std::string& prefix) {
    const bool is_message = field.message_type() != nullptr;
    if (field.is_repeated()) {
      is_message ? CompareElements(before, after, field, prefix) : CompareLists(before, after, field, prefix);
    } else {
      is_message ? CompareMessage(before, after, field, prefix) : CompareScalar(before, after, field, prefix);
    }
  }

  void CompareOneof(const Message& before, const Message& after, const OneofDescriptor& oneof,
                    const std::string& prefix) {
    const FieldDescriptor* then = before.GetReflection()->GetOneofFieldDescriptor(before, &oneof);
    const FieldDescriptor* now = after.GetReflection()->GetOneofFieldDescriptor(after, &oneof);
    if (then != now) return Add(prefix + oneof.name(), MemberText(before, then), MemberText(after, now));
    if (then != nullptr) CompareField(before, after, *then, prefix);
  }

  static std::string MemberText(const Message& message, const FieldDescriptor* field) {
    if (field == nullptr) return kNotSet;
    if (field->message_type() == nullptr) return field->name() + ": " + ValueText(message, *field);
    return field->name() + " " + TextOf(message.GetReflection()->GetMessage(message, field));
  }

  // Whether a message is there may mean something, even an empty one.
  void CompareMessage(const Message& before, const Message& after, const FieldDescriptor& field,
                      const std::string& prefix) {
    const bool was = before.GetReflection()->HasField(before, &field);
    const bool is = after.GetReflection()->HasField(after, &field);
    if (!was && !is) return;
    const Message& then = before.GetReflection()->GetMessage(before, &field);
    const Message& now = after.GetReflection()->GetMessage(after, &field);
    if (was && is) return Compare(then, now, prefix + field.name() + ".");
    Add(prefix + field.name(), was ? TextOf(then) : kNotSet, is ? TextOf(now) : kNotSet);
  }

  void CompareScalar(const Message& before, const Message& after, const FieldDescriptor& field,
                     const std::string& prefix) {
    const auto text = [&](const Message& message) {
      const bool has_value = field.has_default_value() || message.GetReflection()->HasField(message, &field);
      return has_value ? ValueText(message, field) : kNotSet;
    };
    const std::string then = text(before);
    const std::string now = text(after);
    if (then != now) Add(prefix + field.name(), then, now);
  }

  void CompareLists(const Message& before, const Message& after, const FieldDescriptor& field,
                    const std::string& prefix) {
    const auto text = [&](const Message& message) {
      std::vector<std::string> values;
      for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
        values.push_back(ValueText(message, field, i));
      }
      return fmt::format("[{}]", fmt::join(values, ", "));
    };
    const std::string then = text(before);
    const std::string now = text(after);
    if (then != now) Add(prefix + field.name(), then, now);
  }

  void CompareElements(const Message& before, const Message& after, const FieldDescriptor& field,
                       const std::string& prefix) {
    const std::vector<std::string> then = UniqueNames(before, field);
    const std::vector<std::string> now = UniqueNames(after, field);
    const std::string path = prefix + field.name();
    std::vector<std::string> kept;
    for (size_t i = 0; i < then.size(); ++i) {
      const Message& element = Element(before, field, i);
      const auto match = std::find(now.begin(), now.end(), then[i]);
      const std::string own = path + "." + then[i];
      if (match == now.end()) {
        Add(own, TextOf(element), kNotSet);
        continue;
      }
      kept.push_back(then[i]);
      Compare(element, Element(after, field, static_cast<size_t>(match - now.begin())), own + ".");
    }
    std::vector<std::string> still;
    for (size_t i = 0; i < now.size(); ++i) {
      const bool was = std::find(kept.begin(), kept.end(), now[i]) != kept.end();
      was ? still.push_back(now[i]) : Add(path + "." + now[i], kNotSet, TextOf(Element(after, field, i)));
    }
    if (still != kept) {
      Add(path, fmt::format("in the order {}", fmt::join(kept, ", ")),
          fmt::format("in the order {}", fmt::join(still, ", ")));
    }
  }

  static const Message& Element(const Message& message, const FieldDescriptor& field, size_t index) {
    return message.GetReflection()->GetRepeatedMessage(message, &field, static_cast<int>(index));
  }

  // Numbers, where two have the same name.
  static std::vector<std::string> UniqueNames(const Message& message, const FieldDescriptor& field) {
    std::vector<std::string> names = ElementNames(message, field);
    const std::set<std::string> different(names.begin(), names.end());
    if (different.size() == names.size()) return names;
    for (size_t i = 0; i < names.size(); ++i) names[i] = std::to_string(i);
    return names;
  }

  std::vector<Difference> differences_;
};

}  // namespace

std::string ToText(const Difference& difference) {
  return fmt::format("{}: {} -> {}", difference.path, difference.before, difference.after);
}

std::vector<Difference> DifferencesOf(const Message& before, const Message& after) {
  PLGRAPH_CHECK(before.GetDescriptor() == after.GetDescriptor(), "messages of different types are compared");
  Comparison comparison;
  comparison.Compare(before, after, "");
  return comparison.Take();
}

}  // namespace plgraph
