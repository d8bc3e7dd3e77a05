#include "serialization/language/name_table.h"

#include <fmt/format.h>

#include <charconv>

namespace plgraph {
namespace {

// More than any op needs; kernels keep extents and strides of this many axes on the stack.
constexpr int kMostAxes = 8;

bool LooksLikeNumber(const std::string& text) {
  return !text.empty() && (text[0] == '-' || text[0] == '+' || (text[0] >= '0' && text[0] <= '9'));
}

// What was meant, as far as it is shown: in a large model a search through all names takes time.
template <typename Entries>
std::string Guess(const std::string& word, const Entries& entries, const Diagnostics& diagnostics) {
  if (diagnostics.full()) return "";
  std::vector<std::string> names;
  names.reserve(entries.size());
  for (const auto& [name, entry] : entries) names.push_back(name);
  return DidYouMean(word, names);
}

std::string At(SourceLocation location, const Diagnostics& diagnostics) {
  return location.line > 0 ? " at " + diagnostics.sources().ShortPlace(location) : "";
}

}  // namespace

std::string Titled(const std::string& kind, const std::string& name) {
  return name.empty() ? fmt::format("{} without a name", kind) : fmt::format("{} \"{}\"", kind, name);
}

bool NameTable::CheckName(const std::string& kind, const std::string& name,
                          const ModelLocations::Place& where) const {
  if (name.empty()) {
    // A name that could not be read was reported by the reader.
    if (!where.damaged()) diagnostics_.AddError(where.name(), fmt::format("{} without a name", kind));
    return false;
  }
  for (const char c : name) {
    if (static_cast<unsigned char>(c) > 0x20 && c != '"' && c != '\\' && c != 0x7F) continue;
    diagnostics_.AddError(
        where.Of("name").value(),
        fmt::format("a name cannot hold spaces, control characters, quotes or backslashes"));
    return false;
  }
  return true;
}

void NameTable::AddDim(const std::string& name, std::optional<std::int64_t> size,
                       const ModelLocations::Place& where) {
  if (!CheckName("dim", name, where)) return;
  if (LooksLikeNumber(name)) {
    diagnostics_.AddError(where.Of("name").value(), fmt::format("dim \"{}\" has the name of a number", name));
    return;
  }
  if (const auto it = dims_.find(name); it != dims_.end()) {
    diagnostics_.AddError(where.Of("name").value(), fmt::format("dim \"{}\" is defined twice, first{}", name,
                                                                At(it->second.location, diagnostics_)));
    return;
  }
  if (!size && !where.damaged()) {
    diagnostics_.AddError(where.name(), fmt::format("dim \"{}\" has no size", name));
  }
  if (size && *size < 1) {
    diagnostics_.AddError(where.Of("size").value(),
                          fmt::format("dim \"{}\" has size {}; expected at least 1", name, *size));
    size.reset();
  }
  dims_[name] = {size, where.Of("name").value()};
}

bool NameTable::AddValue(const std::string& kind, const std::string& name, Value value,
                         const ModelLocations::Place& where) {
  if (!CheckName(kind, name, where)) return false;
  const SourceLocation location = where.Of("name").value();
  const auto [it, is_new] = values_.try_emplace(name, Entry{value, kind, location});
  if (is_new) return true;
  diagnostics_.AddError(location,
                        fmt::format("{} \"{}\": this name is taken by the {}{}", kind, name, it->second.kind,
                                    At(it->second.location, diagnostics_)),
                        "inputs, parameters, states and nodes share their names");
  return false;
}

Value NameTable::Resolve(const std::string& name, const std::string& use, SourceLocation location) const {
  const auto it = values_.find(name);
  if (it != values_.end()) return it->second.value;
  if (name.empty()) {
    diagnostics_.AddError(location, fmt::format("{} is the empty name", use));
  } else {
    diagnostics_.AddError(
        location,
        fmt::format("{} is \"{}\", which is not defined{}", use, name, Guess(name, values_, diagnostics_)),
        "it names an input, a parameter, a state or a node");
  }
  return {};
}

std::optional<std::int64_t> NameTable::ResolveSize(const std::string& text, std::int64_t least,
                                                   const std::string& use, SourceLocation location) const {
  std::int64_t size = 0;
  if (LooksLikeNumber(text)) {
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, size);
    const bool octal = text.size() > 1 && text[0] == '0';
    if (error != std::errc{} || rest != end || octal) {
      diagnostics_.AddError(
          location, fmt::format("{}: expected an integer or the name of a dim, found \"{}\"", use, text));
      return std::nullopt;
    }
  } else {
    const auto it = dims_.find(text);
    if (it == dims_.end()) {
      diagnostics_.AddError(
          location, fmt::format("{}: there is no dim \"{}\"{}", use, text, Guess(text, dims_, diagnostics_)),
          fmt::format("add `dim {{ name: \"{}\" size: ... }}`", text));
      return std::nullopt;
    }
    it->second.used = true;
    if (!it->second.size) return std::nullopt;
    size = *it->second.size;
  }
  if (size >= least) return size;
  diagnostics_.AddError(location, fmt::format("{}: {} is too small; expected at least {}", use, text, least));
  return std::nullopt;
}

void NameTable::WarnOfUnusedDims() const {
  for (const auto& [name, dim] : dims_) {
    if (dim.used) continue;
    diagnostics_.AddWarning(dim.location,
                            fmt::format("dim \"{}\" is not used: no shape and no op names it", name));
  }
}

std::optional<Shape> NameTable::ResolveShape(const std::vector<std::string>& sizes, const std::string& use,
                                             const ModelLocations::Place& where) const {
  std::vector<std::int64_t> extents;
  bool sound = true;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const SourceLocation location = where.Of("shape", static_cast<int>(i)).value();
    const auto size = ResolveSize(sizes[i], 1, use + ": shape", location);
    sound = sound && size.has_value();
    extents.push_back(size.value_or(1));
  }
  if (sizes.size() > kMostAxes) {
    diagnostics_.AddError(where.Of("shape").name(), fmt::format("{}: a shape has at most {} axes, found {}",
                                                                use, kMostAxes, sizes.size()));
    return std::nullopt;
  }
  if (!sound) return std::nullopt;
  Shape shape(std::move(extents));
  try {
    shape.NumElements();
  } catch (const Error& error) {
    diagnostics_.AddError(where.Of("shape").name(),
                          fmt::format("{}: shape {} is too large: {}", use, shape.ToString(), error.what()));
    return std::nullopt;
  }
  return shape;
}

}  // namespace plgraph
