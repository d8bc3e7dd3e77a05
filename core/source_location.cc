#include "core/source_location.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace plgraph {

SourceTable::SourceTable(std::string file) : files_{std::move(file)}, uses_{{.file = 0, .used_at = {}}} {}

std::int32_t SourceTable::Add(const std::string& file, SourceLocation used_at) {
  const auto known = std::find(files_.begin(), files_.end(), file);
  const auto number = static_cast<size_t>(known - files_.begin());
  if (known == files_.end()) files_.push_back(file);
  uses_.push_back({.file = number, .used_at = used_at});
  return static_cast<std::int32_t>(uses_.size()) - 1;
}

const std::string& SourceTable::FileOf(SourceLocation location) const {
  return files_[uses_[static_cast<size_t>(location.source)].file];
}

std::string SourceTable::Place(SourceLocation location) const {
  const std::string& file = FileOf(location);
  return location.line == 0 ? file : fmt::format("{}:{}:{}", file, location.line, location.column);
}

std::string SourceTable::ShortPlace(SourceLocation location) const {
  return location.source == 0 ? fmt::format("{}:{}", location.line, location.column) : Place(location);
}

std::string SourceTable::UsesText(SourceLocation location) const {
  std::string text;
  while (location.source != 0) {
    location = uses_[static_cast<size_t>(location.source)].used_at;
    text += "; used at " + Place(location);
  }
  return text;
}

bool SourceTable::IsBefore(SourceLocation a, SourceLocation b) const {
  const auto before = [](const SourceLocation& left, const SourceLocation& right) {
    return std::pair(left.line, left.column) < std::pair(right.line, right.column);
  };
  if (a.source == b.source) return before(a, b);
  const std::vector<SourceLocation> chain_a = ChainOf(a);
  const std::vector<SourceLocation> chain_b = ChainOf(b);
  return std::lexicographical_compare(chain_a.begin(), chain_a.end(), chain_b.begin(), chain_b.end(), before);
}

// The places of its uses, from the outermost on, and its own.
std::vector<SourceLocation> SourceTable::ChainOf(SourceLocation location) const {
  std::vector<SourceLocation> chain{location};
  while (chain.back().source != 0) {
    chain.push_back(uses_[static_cast<size_t>(chain.back().source)].used_at);
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

}  // namespace plgraph
