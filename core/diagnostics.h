#ifndef PLGRAPH_CORE_DIAGNOSTICS_H_
#define PLGRAPH_CORE_DIAGNOSTICS_H_

#include <string>
#include <vector>

#include "core/error.h"
#include "core/source_location.h"

namespace plgraph {

/// One fault (or warning) of a model: where, what, and what to do about it (may be empty).
struct Diagnostic {
  enum class Severity { kError, kWarning };
  Severity severity = Severity::kError;
  SourceLocation location;
  std::string message;
  std::string hint;
};

/// Collects every fault of a model, so that all are reported in one run.
class Diagnostics {
 public:
  static constexpr size_t kMostShown = 100;

  /// `file`: of the model itself.
  explicit Diagnostics(std::string file) : sources_(std::move(file)) {}

  void AddError(SourceLocation location, std::string message, std::string hint = "");
  void AddWarning(SourceLocation location, std::string message, std::string hint = "");

  /// The texts in which the locations are. Whoever reads one that the model uses adds it.
  SourceTable& sources() { return sources_; }
  const SourceTable& sources() const { return sources_; }
  bool has_errors() const;
  /// Whether there are so many that another one need not be explained.
  bool full() const { return entries_.size() >= kMostShown; }
  /// In the order of the text.
  std::vector<Diagnostic> Sorted() const;
  /// `file:line:column: message; hint`, and where the text at this place is used; one fault per line, in the order of the
  /// text, and how many more there are after kMostShown of them. Warnings are marked.
  std::string ToString() const;
  /// Throws Error(kInvalid) with ToString() if there is an error; does nothing otherwise.
  void ThrowIfErrors() const;

 private:
  SourceTable sources_;
  std::vector<Diagnostic> entries_;
};

/// " (did you mean \"name\"?)" for the closest candidate within a third of the word's length, or "".
std::string DidYouMean(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace plgraph

#endif  // PLGRAPH_CORE_DIAGNOSTICS_H_
