#ifndef PLGRAPH_SERIALIZATION_LANGUAGE_NAME_TABLE_H_
#define PLGRAPH_SERIALIZATION_LANGUAGE_NAME_TABLE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/diagnostics.h"
#include "core/shape.h"
#include "graph/ir/op_def.h"
#include "serialization/language/model_locations.h"

namespace plgraph {

/// The names of one model: its dims, and its values (inputs, parameters, states, nodes). Whatever is wrong
/// with a name, or with a use of one, is reported here, with its place.
class NameTable {
 public:
  explicit NameTable(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  /// `where` is the place of the whole dim.
  void AddDim(const std::string& name, std::optional<std::int64_t> size, const ModelLocations::Place& where);
  /// Reports an empty name, one with characters that a name cannot have, and one that is taken, and then
  /// returns false. `kind` is "input", "node", ...; `where` is the place of the whole definition.
  bool AddValue(const std::string& kind, const std::string& name, Value value,
                const ModelLocations::Place& where);

  /// The value of this name, or no value, which is then reported; `use` says for what it is wanted:
  /// `node "h" (Tanh): operand "x"`.
  Value Resolve(const std::string& name, const std::string& use, SourceLocation location) const;
  /// A number, or the name of a dim; reported if it is neither, or under `least`. Nothing for a dim whose own
  /// fault was reported.
  std::optional<std::int64_t> ResolveSize(const std::string& text, std::int64_t least, const std::string& use,
                                          SourceLocation location) const;
  /// A shape in the field `shape` of the message at `where`.
  std::optional<Shape> ResolveShape(const std::vector<std::string>& sizes, const std::string& use,
                                    const ModelLocations::Place& where) const;
  /// Warns of dims that neither ResolveSize nor ResolveShape was asked for.
  void WarnOfUnusedDims() const;

 private:
  struct Dim {
    std::optional<std::int64_t> size;  // nothing: faulty, and reported
    SourceLocation location;
    mutable bool used = false;
  };
  struct Entry {
    Value value;
    std::string kind;
    SourceLocation location;
  };

  bool CheckName(const std::string& kind, const std::string& name, const ModelLocations::Place& where) const;

  Diagnostics& diagnostics_;
  std::map<std::string, Dim> dims_;
  std::map<std::string, Entry> values_;
};

/// `node "h"`, or `a node without a name`.
std::string Titled(const std::string& kind, const std::string& name);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_LANGUAGE_NAME_TABLE_H_
