#include "tools/observe/confusion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/diagnostics.h"
#include "core/error.h"
#include "core/first_largest.h"

namespace plgraph {
namespace {

const Node& ValueOf(const LoadedModel& loaded, const std::string& request, const std::string& name) {
  if (const Value value = loaded.graph.Find(name)) return loaded.graph.node(value);
  std::vector<std::string> names;
  for (const auto& [other, value] : loaded.graph.Names()) names.push_back(other);
  throw Error(ErrorKind::kInvalid, fmt::format("--confusion {}: {} has no value \"{}\"{}", request,
                                               loaded.path, name, DidYouMean(name, names)));
}

}  // namespace

Confusion::Confusion(const LoadedModel& loaded, const std::string& request) {
  const size_t comma = request.find(',');
  if (comma == std::string::npos) {
    throw Error(ErrorKind::kInvalid,
                fmt::format("--confusion {}: expected two values of the model: PREDICTION,LABEL", request));
  }
  prediction_ = request.substr(0, comma);
  label_ = request.substr(comma + 1);
  const Shape& scores = ValueOf(loaded, request, prediction_).shape;
  const Shape& label = ValueOf(loaded, request, label_).shape;
  if (scores.rank() != 1 || (label.rank() != 0 && label != scores)) {
    throw Error(
        ErrorKind::kInvalid,
        fmt::format(
            "--confusion {}: \"{}\" has shape {} and \"{}\" {}; expected scores [C], and a scalar or [C]",
            request, prediction_, scores.ToString(), label_, label.ToString()));
  }
  counts_.assign(static_cast<size_t>(scores.dim(0)),
                 std::vector<std::int64_t>(static_cast<size_t>(scores.dim(0))));
}

void Confusion::Add(const Executor<float>& executor, std::int64_t count) {
  for (std::int64_t sample = 0; sample < count; ++sample) {
    const std::int64_t label = ClassAt(executor, label_, sample);
    const std::int64_t predicted = ClassAt(executor, prediction_, sample);
    ++counts_[static_cast<size_t>(label)][static_cast<size_t>(predicted)];
  }
}

std::int64_t Confusion::ClassAt(const Executor<float>& executor, const std::string& name,
                                std::int64_t sample) const {
  const Executable& executable = executor.executable();
  const Value value = executable.graph.Find(name);
  const Node& node = executable.graph.node(value);
  const std::span<const float> all = executor.Output(value);
  const std::int64_t size = node.shape.NumElements();
  const std::int64_t samples = node.variance.sample ? executable.options.batch : 1;
  const auto last = static_cast<std::int64_t>(all.size()) - samples * size;
  const float* const row = all.data() + last + (node.variance.sample ? sample * size : 0);
  if (node.shape.rank() == 1) return FirstLargest(row, size, 1);
  if (*row >= 0 && *row < static_cast<float>(classes()) && *row == std::floor(*row)) {
    return static_cast<std::int64_t>(*row);
  }
  throw Error(ErrorKind::kRuntime,
              fmt::format("evaluation: the label \"{}\" is {}; expected a class from 0 to {}", name, *row,
                          classes() - 1));
}

std::string Confusion::ToText() const {
  std::string text = fmt::format("{} (lines) taken for (columns)\n{:>8}", label_, "");
  for (std::int64_t c = 0; c < classes(); ++c) text += fmt::format(" {:>7}", c);
  text += "\n";
  for (std::int64_t label = 0; label < classes(); ++label) {
    text += fmt::format("{:>8}", label);
    for (const std::int64_t count : counts_[static_cast<size_t>(label)]) text += fmt::format(" {:>7}", count);
    text += "\n";
  }
  return text;
}

}  // namespace plgraph
