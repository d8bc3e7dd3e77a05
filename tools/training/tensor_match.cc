#include "tools/training/tensor_match.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "core/diagnostics.h"
#include "core/error.h"
#include "tools/training/not_finite.h"

namespace plgraph {
namespace {

std::string Line(std::string_view what, std::string_view kind, const std::string& text) {
  return fmt::format("  {:<11}  {} {}\n", what, kind, text);
}

}  // namespace

TensorMatch::TensorMatch(std::string_view kind, const NamedTensors& found,
                         const std::vector<WantedTensor>& wanted)
    : kind_(kind), wanted_(wanted.size()) {
  std::unordered_map<std::string_view, const NamedTensor*> by_name;
  for (const NamedTensor& entry : found) by_name.emplace(entry.name, &entry);
  std::vector<std::string> names;
  for (const auto& [name, shape] : wanted) {
    names.push_back(name);
    const auto entry = by_name.find(name);
    if (entry == by_name.end()) {
      differences_ += Line("missing", kind, fmt::format("\"{}\" {}", name, shape.ToString()));
      continue;
    }
    const Tensor& tensor = entry->second->tensor;
    const std::string not_finite = NotFinite(tensor);
    if (tensor.shape() != shape) {
      differences_ += Line("other shape", kind,
                           fmt::format("\"{}\" has shape {}, but the model's has {}", name,
                                       tensor.shape().ToString(), shape.ToString()));
    } else if (!not_finite.empty()) {
      differences_ += Line("not finite", kind, fmt::format("\"{}\": {}", name, not_finite));
    } else {
      matches_.push_back(entry->second);
    }
  }
  const std::unordered_set<std::string_view> known(names.begin(), names.end());
  for (const NamedTensor& entry : found) {
    if (known.contains(entry.name)) continue;
    differences_ += Line("left over", kind,
                         fmt::format("\"{}\" {}{}", entry.name, entry.tensor.shape().ToString(),
                                     DidYouMean(entry.name, names)));
  }
}

const Tensor* TensorMatch::Find(std::string_view name) const {
  const auto match = std::find_if(matches_.begin(), matches_.end(),
                                  [&](const NamedTensor* entry) { return entry->name == name; });
  return match == matches_.end() ? nullptr : &(*match)->tensor;
}

std::string TensorMatch::MatchesText() const {
  std::string text;
  for (const NamedTensor* entry : matches_) {
    text += Line("matches", kind_, fmt::format("\"{}\" {}", entry->name, entry->tensor.shape().ToString()));
  }
  return text;
}

std::string CheckMatches(const std::vector<const TensorMatch*>& matches, const std::string& path,
                         Coverage coverage, std::string_view hint) {
  size_t matched = 0;
  size_t wanted = 0;
  std::string differences;
  std::string same;
  for (const TensorMatch* match : matches) {
    matched += match->matched();
    wanted += match->wanted();
    differences += match->differences();
    same += match->MatchesText();
  }
  if (differences.empty()) return "";
  const std::string list =
      fmt::format("{} of the model's {} tensors match\n{}{}", matched, wanted, differences, same);
  if (coverage == Coverage::kSome && matched > 0) {
    return fmt::format("{}: {}what does not match begins as the model says", path, list);
  }
  throw Error(
      ErrorKind::kInvalid,
      fmt::format("{}: does not fit the model: {}{}\n--partial takes what matches; the rest begins as "
                  "the model says",
                  path, list, hint));
}

std::string NotFinite(const Tensor& tensor) {
  const std::vector<float> values = tensor.As<float>();
  const std::optional<size_t> first = FirstNotFinite(values);
  if (!first) return "";
  const auto count = std::ranges::count_if(values, [](float value) { return !std::isfinite(value); });
  return fmt::format("{} of {} numbers are not finite, the first at {}", count, values.size(),
                     PlaceText(tensor.shape(), *first));
}

}  // namespace plgraph
