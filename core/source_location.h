#ifndef PLGRAPH_CORE_SOURCE_LOCATION_H_
#define PLGRAPH_CORE_SOURCE_LOCATION_H_

#include <cstdint>
#include <string>
#include <vector>

namespace plgraph {

/// A place in a text, counted from 1; line 0 means "nowhere in the text" (made by the compiler). A model has several
/// for each node, so it is small: what text it is in stands in a SourceTable.
struct SourceLocation {
  std::int32_t line = 0;
  std::int32_t column = 0;
  std::int32_t source = 0;  ///< a number that SourceTable has given; 0: the file of the model itself
  friend bool operator==(const SourceLocation&, const SourceLocation&) = default;
};

/// The texts of a model: its own file, and what that uses, such as a block or another file. A text is a source for each
/// of its uses, so that a location tells by which uses it came to be there.
class SourceTable {
 public:
  /// `file`: of the model itself.
  explicit SourceTable(std::string file);

  /// A source for the text of `file` as it is used at `used_at`; the number for its locations.
  std::int32_t Add(const std::string& file, SourceLocation used_at);

  const std::string& FileOf(SourceLocation location) const;
  /// `file:line:column`, or `file` for nowhere.
  std::string Place(SourceLocation location) const;
  /// As a sentence about something in the model's own file names another place in it: `line:column`; a place elsewhere
  /// has its file.
  std::string ShortPlace(SourceLocation location) const;
  /// `; used at file:line:column` for each use, from the innermost to that in the model itself; "" for a location there.
  std::string UsesText(SourceLocation location) const;
  /// Whether `a` comes before `b` where each text is written out at the place of its use.
  bool IsBefore(SourceLocation a, SourceLocation b) const;

 private:
  struct Use {
    size_t file;             // its number in files_
    SourceLocation used_at;  // nowhere for the model itself
  };

  std::vector<SourceLocation> ChainOf(SourceLocation location) const;

  std::vector<std::string> files_;
  std::vector<Use> uses_;  // by SourceLocation::source
};

}  // namespace plgraph

#endif  // PLGRAPH_CORE_SOURCE_LOCATION_H_
