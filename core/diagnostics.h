#ifndef PLGRAPH_CORE_DIAGNOSTICS_H_
#define PLGRAPH_CORE_DIAGNOSTICS_H_

#include <string>
#include <vector>

#include "core/error.h"

namespace plgraph {

/// A place in a text file, counted from 1; line 0 means "nowhere in the text" (made by the compiler).
struct SourceLocation {
  int line = 0;
  int column = 0;
  friend bool operator==(const SourceLocation&, const SourceLocation&) = default;
};

/// One fault (or warning) of a model: where, what, and what to do about it (may be empty).
struct Diagnostic {
  enum class Severity { kError, kWarning };
  Severity severity = Severity::kError;
  SourceLocation location;
  std::string message;
  std::string hint;
};

/// Collects every fault of one file, so that all are reported in one run.
class Diagnostics {
 public:
  static constexpr size_t kMostShown = 100;

  explicit Diagnostics(std::string file) : file_(std::move(file)) {}

  void AddError(SourceLocation location, std::string message, std::string hint = "");
  void AddWarning(SourceLocation location, std::string message, std::string hint = "");

  const std::string& file() const { return file_; }
  bool has_errors() const;
  /// Whether there are so many that another one need not be explained.
  bool full() const { return entries_.size() >= kMostShown; }
  /// In the order of the text.
  std::vector<Diagnostic> Sorted() const;
  /// `file:line:column: message; hint`, one fault a line, in the order of the text, and how many more there are behind
  /// kMostShown of them. Warnings are marked.
  std::string ToString() const;
  /// Throws Error(kInvalid) with ToString() if there is an error; does nothing otherwise.
  void ThrowIfErrors() const;

 private:
  std::string file_;
  std::vector<Diagnostic> entries_;
};

/// " (did you mean \"name\"?)" for the closest candidate within a third of the word's length, or "".
std::string DidYouMean(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace plgraph

#endif  // PLGRAPH_CORE_DIAGNOSTICS_H_
