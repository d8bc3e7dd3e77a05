#include "serialization/language/text_reader.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include "core/utf8.h"
#include "serialization/language/field_values.h"
#include "serialization/language/text_tokens.h"

namespace plgraph {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr size_t kLargestText = size_t{256} << 20;

bool Opens(const TextToken& token) { return token.Is("{") || token.Is("<") || token.Is("["); }
bool Closes(const TextToken& token) { return token.Is("}") || token.Is(">") || token.Is("]"); }

// What a body of fields is inside of: what ends it and where it began.
struct Enclosure {
  std::string_view close = "";  // "" for the whole file
  SourceLocation open;
  std::string name;
};

// Reads messages by their descriptors. It calls itself once for each level of the language, which has no
// message inside its own kind; what the language does not know is skipped without calls, however deep it is.
class Reader {
 public:
  Reader(std::string_view text, std::int32_t source, Diagnostics& diagnostics)
      : tokens_(text, source, diagnostics), diagnostics_(diagnostics) {}

  void ReadFields(Message& message, ModelLocations& places, const Enclosure& enclosure);
  bool gave_up() const { return faults_ >= TextTokens::kMostFaults; }

 private:
  const TextToken& current() const { return tokens_.current(); }
  bool AtEnd() const { return current().kind == TextToken::Kind::kEnd || gave_up(); }
  bool Ends(const Message& message, const Enclosure& enclosure);
  bool ReadField(Message& message, ModelLocations& places, const Enclosure& enclosure);
  bool ReadValues(Message& message, const FieldDescriptor& field, SourceLocation name,
                  ModelLocations& places);
  bool ReadValue(Message& message, const FieldDescriptor& field, SourceLocation name, ModelLocations& places);
  bool ReadMessage(Message& message, const FieldDescriptor& field, SourceLocation name,
                   ModelLocations& places);
  bool SkipValue();
  void SkipGroup();
  void Resume();
  bool Expected(const std::string& what);
  void Fault(SourceLocation location, const std::string& message, const std::string& hint = "");

  TextTokens tokens_;
  Diagnostics& diagnostics_;
  int faults_ = 0;
  SourceLocation unclosed_;  // where a missing "}" was reported, so that it is reported once
};

void Reader::Fault(SourceLocation location, const std::string& message, const std::string& hint) {
  if (gave_up()) return;
  diagnostics_.AddError(location, message, hint);
  if (++faults_ == TextTokens::kMostFaults)
    diagnostics_.AddError(location, "too many faults: the rest was not read");
}

bool Reader::Expected(const std::string& what) {
  Fault(current().location, fmt::format("expected {}, found {}", what, current().Described()));
  return false;
}

// Whether the body ends here, by its closing brace or because that is missing.
bool Reader::Ends(const Message& message, const Enclosure& enclosure) {
  if (enclosure.close.empty()) return AtEnd();
  if (current().Is(enclosure.close)) {
    tokens_.Next();
    return true;
  }
  // A field of the model at the start of a line, inside of something else: its brace was forgotten.
  const bool at_top = current().location.column == 1 && current().kind == TextToken::Kind::kIdentifier &&
                      message.GetDescriptor()->FindFieldByName(current().text) == nullptr &&
                      Model::descriptor()->FindFieldByName(current().text) != nullptr;
  if (!AtEnd() && !at_top) return false;
  if (unclosed_ != current().location) {
    unclosed_ = current().location;
    Fault(enclosure.open, fmt::format("this brace of \"{}\" is never closed", enclosure.name),
          fmt::format("expected \"{}\" before {} in line {}", enclosure.close, current().Described(),
                      current().location.line));
  }
  return true;
}

void Reader::ReadFields(Message& message, ModelLocations& places, const Enclosure& enclosure) {
  while (!Ends(message, enclosure)) {
    const int faults = faults_;
    if (!ReadField(message, places, enclosure)) Resume();
    if (faults_ != faults) places.MarkDamaged();
  }
}

// After a syntax error: on to where a field may start, at the closing brace or on a later line.
void Reader::Resume() {
  int depth = 0;
  for (; !AtEnd(); tokens_.Next()) {
    if (depth == 0 && (current().Is("}") || current().Is(">"))) return;
    if (depth == 0 && current().first_on_line && current().kind == TextToken::Kind::kIdentifier) return;
    if (Opens(current())) ++depth;
    if (Closes(current()) && depth > 0) --depth;
  }
}

bool Reader::ReadField(Message& message, ModelLocations& places, const Enclosure& enclosure) {
  if (current().kind != TextToken::Kind::kIdentifier) {
    Expected(enclosure.close.empty() ? "the name of a field"
                                     : fmt::format("the name of a field or \"{}\"", enclosure.close));
    tokens_.Next();
    return false;
  }
  const TextToken name = current();
  tokens_.Next();
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name.text);
  if (field == nullptr) {
    Fault(name.location, UnknownField(*message.GetDescriptor(), name.text),
          message.GetDescriptor() == NodeDef::descriptor() ? "`plgraph ops` lists all ops" : "");
    return SkipValue();
  }
  if (const FieldDescriptor* before = SetBefore(message, *field)) {
    const std::string first = diagnostics_.sources().ShortPlace(places.Of(before->name()).name());
    Fault(name.location,
          before == field ? fmt::format("\"{}\" is given twice, first at {}", name.text, first)
                          : fmt::format("\"{}\" excludes \"{}\" at {}: only one {} may be given", name.text,
                                        before->name(), first, field->containing_oneof()->name()));
    return SkipValue();
  }
  if (!ReadValues(message, *field, name.location, places)) return false;
  if (current().Is(",") || current().Is(";")) tokens_.Next();
  return true;
}

// The value, or a list of values in brackets.
bool Reader::ReadValues(Message& message, const FieldDescriptor& field, SourceLocation name,
                        ModelLocations& places) {
  if (current().Is(":")) {
    tokens_.Next();
  } else if (field.message_type() == nullptr) {
    return Expected(fmt::format("\":\" after \"{}\"", field.name()));
  }
  if (!current().Is("[")) return ReadValue(message, field, name, places);
  if (!field.is_repeated()) return Expected(fmt::format("{} for \"{}\"", ExpectedValue(field), field.name()));
  tokens_.Next();
  if (current().Is("]")) {
    tokens_.Next();
    return true;
  }
  while (ReadValue(message, field, current().location, places)) {
    if (current().Is("]")) {
      tokens_.Next();
      return true;
    }
    if (!current().Is(","))
      return Expected(fmt::format("\",\" or \"]\" in the list of \"{}\"", field.name()));
    tokens_.Next();
  }
  return false;
}

bool Reader::ReadValue(Message& message, const FieldDescriptor& field, SourceLocation name,
                       ModelLocations& places) {
  if (field.message_type() != nullptr) return ReadMessage(message, field, name, places);
  const SourceLocation start = current().location;
  const ScalarText value = ReadScalarText(tokens_);
  if (value.word.kind == TextToken::Kind::kSymbol || value.word.kind == TextToken::Kind::kEnd) {
    return Expected(fmt::format("{} for \"{}\"", ExpectedValue(field), field.name()));
  }
  places.Add(field.name(), name, start);
  const std::string fault = SetScalar(message, field, value);
  if (!fault.empty()) Fault(start, fmt::format("\"{}\": {}", field.name(), fault));
  return true;
}

bool Reader::ReadMessage(Message& message, const FieldDescriptor& field, SourceLocation name,
                         ModelLocations& places) {
  const SourceLocation open = current().location;
  const bool angle = current().Is("<");
  if (!angle && !current().Is("{")) return Expected(fmt::format("\"{{\" after \"{}\"", field.name()));
  tokens_.Next();
  const auto* reflection = message.GetReflection();
  Message* inner = field.is_repeated() ? reflection->AddMessage(&message, &field)
                                       : reflection->MutableMessage(&message, &field);
  ReadFields(*inner, places.Add(field.name(), name, open), {angle ? ">" : "}", open, field.name()});
  return true;
}

// The value of a field that the message does not have, whatever it is.
bool Reader::SkipValue() {
  const bool colon = current().Is(":");
  if (colon) tokens_.Next();
  if (Opens(current())) {
    SkipGroup();
  } else if (!colon) {
    return false;
  } else {
    const ScalarText value = ReadScalarText(tokens_);
    if (value.word.kind == TextToken::Kind::kSymbol || value.word.kind == TextToken::Kind::kEnd) return false;
  }
  if (current().Is(",") || current().Is(";")) tokens_.Next();
  return true;
}

void Reader::SkipGroup() {
  int depth = 0;
  do {
    if (Opens(current())) ++depth;
    if (Closes(current())) --depth;
    tokens_.Next();
  } while (depth > 0 && !AtEnd());
}

// The place of a byte of valid UTF-8: lines and characters from 1 on.
SourceLocation PlaceOf(std::string_view text, size_t byte, std::int32_t source) {
  SourceLocation place{1, 1, source};
  for (size_t at = 0; at < byte; at += CharacterLength(text.substr(at))) {
    place = text[at] == '\n' ? SourceLocation{place.line + 1, 1, source}
                             : SourceLocation{place.line, place.column + 1, source};
  }
  return place;
}

// Whether the text can be read at all.
bool IsText(std::string_view text, std::int32_t source, Diagnostics& diagnostics) {
  constexpr const char* kHint = "a model is a text file: is this another kind of file?";
  if (text.size() > kLargestText) {
    diagnostics.AddError({.source = source},
                         fmt::format("a model has at most {} bytes, found {}", kLargestText, text.size()));
    return false;
  }
  if (const auto byte = FindInvalidUtf8(text)) {
    diagnostics.AddError(PlaceOf(text, *byte, source), "this byte is not UTF-8", kHint);
    return false;
  }
  const size_t zero = text.find('\0');
  if (zero == std::string_view::npos) return true;
  diagnostics.AddError(PlaceOf(text, zero, source), "a zero byte", kHint);
  return false;
}

}  // namespace

ModelText ReadModel(std::string_view text, Diagnostics& diagnostics, std::int32_t source) {
  ModelText result;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // a byte order mark, as some editors write it
  if (!IsText(text, source, diagnostics)) return result;
  Reader(text, source, diagnostics).ReadFields(result.model, result.locations, {});
  if (result.model.ByteSizeLong() == 0 && !diagnostics.has_errors()) {
    diagnostics.AddError({.source = source}, "the file is empty: it describes no model");
  }
  return result;
}

ModelText ReadModelFile(FileSystem& files, const std::string& path, Diagnostics& diagnostics) {
  if (!files.Exists(path)) throw Error(ErrorKind::kInvalid, path + ": there is no such file");
  const std::vector<std::byte> bytes = files.Read(path);
  return ReadModel({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, diagnostics);
}

}  // namespace plgraph
