#include "core/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace plgraph {
namespace {

// A longer word is not a slip of a finger, and comparing it takes time.
constexpr size_t kLongestWord = 100;

// Levenshtein distance with one row of state.
size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substitute, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

void Diagnostics::AddError(SourceLocation location, std::string message, std::string hint) {
  entries_.push_back({Diagnostic::Severity::kError, location, std::move(message), std::move(hint)});
}

void Diagnostics::AddWarning(SourceLocation location, std::string message, std::string hint) {
  entries_.push_back({Diagnostic::Severity::kWarning, location, std::move(message), std::move(hint)});
}

bool Diagnostics::has_errors() const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [](const Diagnostic& d) { return d.severity == Diagnostic::Severity::kError; });
}

std::vector<Diagnostic> Diagnostics::Sorted() const {
  std::vector<Diagnostic> sorted = entries_;
  std::stable_sort(sorted.begin(), sorted.end(), [&](const Diagnostic& a, const Diagnostic& b) {
    return sources_.IsBefore(a.location, b.location);
  });
  return sorted;
}

std::string Diagnostics::ToString() const {
  std::string text;
  size_t shown = 0;
  for (const Diagnostic& d : Sorted()) {
    if (shown++ == kMostShown) {
      text += fmt::format("{}: and {} more\n", sources_.Place({}), entries_.size() - kMostShown);
      break;
    }
    text += sources_.Place(d.location);
    text += d.severity == Diagnostic::Severity::kWarning ? ": warning: " : ": ";
    text += d.message;
    if (!d.hint.empty()) text += "; " + d.hint;
    text += sources_.UsesText(d.location) + "\n";
  }
  return text;
}

void Diagnostics::ThrowIfErrors() const {
  if (!has_errors()) return;
  std::string text = ToString();
  text.pop_back();
  throw Error(ErrorKind::kInvalid, text);
}

std::string DidYouMean(const std::string& word, const std::vector<std::string>& candidates) {
  if (word.size() > kLongestWord) return "";
  const std::string* best = nullptr;
  size_t best_distance = std::max<size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kLongestWord) continue;
    const size_t distance = EditDistance(word, candidate);
    if (distance < best_distance && distance < candidate.size()) {
      best_distance = distance;
      best = &candidate;
    }
  }
  return best == nullptr ? "" : fmt::format(" (did you mean \"{}\"?)", *best);
}

}  // namespace plgraph
