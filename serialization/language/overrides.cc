#include "serialization/language/overrides.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/descriptor.h>

#include <charconv>

#include "core/utf8.h"
#include "serialization/language/field_values.h"

namespace plgraph {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

class Override {
 public:
  Override(ModelText& text, const std::string& assignment)
      : text_(text), assignment_(assignment), message_(&text.model), places_(&text.locations) {
    const size_t equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0) Fail("expected path=value, such as train.batch=32");
    path_ = Trimmed(std::string_view(assignment_).substr(0, equals));
    value_ = Trimmed(std::string_view(assignment_).substr(equals + 1));
  }

  void Apply() {
    if (SetDim()) return;
    while (true) {
      const FieldDescriptor& field = TakeField();
      if (field.message_type() == nullptr) return SetField(field);
      if (path_.empty()) return SelectMessage(field);
      EnterMessage(field);
    }
  }

 private:
  [[noreturn]] void Fail(const std::string& fault) const {
    throw Error(ErrorKind::kInvalid, fmt::format("--set {}: {}", assignment_, fault));
  }

  bool SetDim() {
    for (int i = 0; i < text_.model.dim_size(); ++i) {
      Dim& dim = *text_.model.mutable_dim(i);
      if (dim.name() != path_) continue;
      path_ = {};
      message_ = &dim;
      places_ = text_.locations.Find("dim", i);
      SetField(*Dim::descriptor()->FindFieldByName("size"));
      return true;
    }
    return false;
  }

  const FieldDescriptor& TakeField() {
    const size_t dot = path_.find('.');
    const std::string name(path_.substr(0, dot));
    path_ = dot == std::string_view::npos ? std::string_view() : path_.substr(dot + 1);
    const Descriptor& type = *message_->GetDescriptor();
    const FieldDescriptor* field = type.FindFieldByName(name);
    if (field == nullptr) Fail(message_ == &text_.model ? UnknownAtTop(name) : UnknownField(type, name));
    return *field;
  }

  // At the top a name may have been meant as a dim, too.
  std::string UnknownAtTop(const std::string& name) const {
    std::vector<std::string> dims;
    for (const Dim& dim : text_.model.dim()) dims.push_back(dim.name());
    std::vector<std::string> all = FieldNames(*Model::descriptor());
    const std::string fields = fmt::format("{}", fmt::join(all, ", "));
    all.insert(all.begin(), dims.begin(), dims.end());
    return fmt::format("Model has no field and no dim \"{}\"; its fields are {}; its dims are {}{}", name,
                       fields, dims.empty() ? "none" : fmt::format("{}", fmt::join(dims, ", ")),
                       DidYouMean(name, all));
  }

  void EnterMessage(const FieldDescriptor& field) {
    const Reflection* reflection = message_->GetReflection();
    if (field.is_repeated()) {
      const int index = TakeElement(field);
      places_ = places_ == nullptr ? nullptr : places_->Find(field.name(), index);
      message_ = reflection->MutableRepeatedMessage(message_, &field, index);
      if (path_.empty()) Fail(NeedsField(field));
      return;
    }
    ForgetOthers(field);
    places_ = places_ == nullptr ? nullptr : places_->Find(field.name());
    message_ = reflection->MutableMessage(message_, &field);
  }

  // The place in a repeated field that the path goes on with: a name, which may have dots itself, or a
  // number.
  int TakeElement(const FieldDescriptor& field) {
    const std::vector<std::string> names = ElementNames(*message_, field);
    int found = -1;
    size_t length = 0;
    for (size_t i = 0; i < names.size(); ++i) {
      const std::string& name = names[i];
      const bool fits = path_.starts_with(name) && (path_.size() == name.size() || path_[name.size()] == '.');
      if (!fits || name.size() <= length) continue;
      found = static_cast<int>(i);
      length = name.size();
    }
    const std::string first(path_.substr(0, path_.find('.')));
    if (found < 0) {
      size_t index = names.size();
      const auto [rest, error] = std::from_chars(first.data(), first.data() + first.size(), index);
      if (error != std::errc{} || rest != first.data() + first.size() || index >= names.size()) {
        Fail(fmt::format("there is no {} \"{}\"{}; there {}", field.name(), first, DidYouMean(first, names),
                         names.empty() ? "is none" : fmt::format("are {}", fmt::join(names, ", "))));
      }
      found = static_cast<int>(index);
      length = first.size();
    }
    path_.remove_prefix(std::min(path_.size(), length + 1));
    return found;
  }

  std::string NeedsField(const FieldDescriptor& field) const {
    return fmt::format("\"{}\" is a group of fields; go on with one of {}", field.name(),
                       fmt::join(FieldNames(*field.message_type()), ", "));
  }

  // `parameter.w.glorot={}` selects a message with its defaults.
  void SelectMessage(const FieldDescriptor& field) {
    if (value_ != "{}" || field.is_repeated()) Fail(NeedsField(field));
    ForgetOthers(field);
    if (places_ != nullptr) places_->Forget(field.name());
    message_->GetReflection()->MutableMessage(message_, &field)->Clear();
  }

  // Setting a member of a oneof removes the one that was set.
  void ForgetOthers(const FieldDescriptor& field) {
    const FieldDescriptor* before = SetBefore(*message_, field);
    if (places_ != nullptr && before != nullptr && before != &field) places_->Forget(before->name());
  }

  void SetField(const FieldDescriptor& field) {
    if (!path_.empty()) {
      Fail(fmt::format("\"{}\" holds {} and has no fields", field.name(), ExpectedValue(field)));
    }
    ForgetOthers(field);
    if (places_ != nullptr) places_->Forget(field.name());
    message_->GetReflection()->ClearField(message_, &field);
    if (!field.is_repeated()) return SetOne(field, value_);
    std::string_view list = value_;
    if (list.starts_with('[') && list.ends_with(']')) list = Trimmed(list.substr(1, list.size() - 2));
    while (!list.empty()) {
      const size_t comma = list.find(',');
      SetOne(field, Trimmed(list.substr(0, comma)));
      list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    }
  }

  void SetOne(const FieldDescriptor& field, std::string_view value) {
    if (FindInvalidUtf8(value)) Fail("the value is not UTF-8");
    const bool bare = field.cpp_type() == FieldDescriptor::CPPTYPE_STRING && !value.starts_with('"') &&
                      !value.starts_with('\'');
    if (bare) {
      field.is_repeated() ? message_->GetReflection()->AddString(message_, &field, std::string(value))
                          : message_->GetReflection()->SetString(message_, &field, std::string(value));
      return;
    }
    Diagnostics faults("--set");
    TextTokens tokens(value, 0, faults);
    const ScalarText scalar = ReadScalarText(tokens);
    const bool whole = tokens.current().kind == TextToken::Kind::kEnd && !faults.has_errors();
    if (!whole || scalar.word.kind == TextToken::Kind::kEnd) {
      Fail(fmt::format("expected {}, found \"{}\"", ExpectedValue(field), value));
    }
    const std::string fault = SetScalar(*message_, field, scalar);
    if (!fault.empty()) Fail(fault);
  }

  ModelText& text_;
  const std::string assignment_;
  std::string_view path_;  // what of it is still to be walked
  std::string_view value_;
  Message* message_;
  ModelLocations* places_;  // of message_; null if it does not stand in the text
};

}  // namespace

void ApplyOverride(ModelText& text, const std::string& assignment) { Override(text, assignment).Apply(); }

void ApplyOverrides(ModelText& text, std::span<const std::string> assignments) {
  for (const std::string& assignment : assignments) ApplyOverride(text, assignment);
}

}  // namespace plgraph
