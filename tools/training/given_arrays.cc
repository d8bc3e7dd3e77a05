#include "tools/training/given_arrays.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "core/diagnostics.h"
#include "core/error.h"
#include "graph/ir/reach.h"
#include "tools/training/episode_rows.h"
#include "tools/training/model_run.h"

namespace plgraph {
namespace {

class GivenArrays : public DataSource {
 public:
  GivenArrays(const LoadedModel& loaded, NamedTensors inputs, const std::vector<std::string>& outputs,
              std::optional<std::int64_t> steps)
      : ports_(InputPorts(loaded.graph)), inputs_(std::move(inputs)) {
    CheckNames();
    if (inputs_.empty())
      throw Error(ErrorKind::kInvalid, "run: no input was given; add --input NAME=FILE.npy, or --episodes N");
    for (const InputPort& port : ports_) {
      if (const Tensor* tensor = FindTensor(inputs_, port.name)) CheckShape(port, tensor->shape());
    }
    if (steps) TakeSteps(*steps);
    std::vector<Value> wanted;
    for (const std::string& name : outputs) wanted.push_back(FindOutput(loaded, name, "--output"));
    CheckNothingMissing(loaded.graph, wanted);
    if (steps_ < 0) CheckStepsDoNotMatter(loaded.graph, wanted);
  }

  std::int64_t steps() const override { return steps_; }
  std::optional<std::int64_t> episodes() const override { return episodes_; }
  void Fill(size_t port, const EpisodeWindow& window, std::span<float> out) override {
    FillAny(port, window, out);
  }
  void Fill(size_t port, const EpisodeWindow& window, std::span<double> out) override {
    FillAny(port, window, out);
  }
  DataFacts facts() const override {
    return {.name = "arrays", .records = episodes(), .seen = std::nullopt, .note = {}};
  }
  std::int64_t bytes() const override {
    std::int64_t sum = 0;
    for (const NamedTensor& entry : inputs_)
      sum += entry.tensor.shape().NumElements() * SizeOf(entry.tensor.dtype());
    return sum;
  }

 private:
  void CheckNames() const {
    std::vector<std::string> names;
    for (const InputPort& port : ports_) names.push_back(port.name);
    for (const NamedTensor& entry : inputs_) {
      if (std::find(names.begin(), names.end(), entry.name) != names.end()) continue;
      throw Error(ErrorKind::kInvalid, fmt::format("--input {}: the model has no input of this name{}",
                                                   entry.name, DidYouMean(entry.name, names)));
    }
  }

  // Checks one input against its port and the inputs before it.
  void CheckShape(const InputPort& port, const Shape& found) {
    const size_t lead = port.per_step ? 2 : 1;
    const std::vector<std::int64_t>& expected = port.shape.dims();
    const bool fits = found.dims().size() == lead + expected.size() &&
                      std::equal(expected.begin(), expected.end(), found.dims().end() - std::ssize(expected));
    if (!fits) {
      throw Error(
          ErrorKind::kInvalid,
          fmt::format("--input {}: the array has shape {}; an input of shape {} needs [episodes, {}shape]",
                      port.name, found.ToString(), port.shape.ToString(), port.per_step ? "T, " : ""));
    }
    const auto agree = [&](std::int64_t& known, std::int64_t now, std::string_view what) {
      if (known < 0) known = now;
      if (known == now && now > 0) return;
      throw Error(ErrorKind::kInvalid,
                  fmt::format("--input {}: the array has {} {}, but {} are needed, as in "
                              "the other inputs",
                              port.name, now, what, std::max<std::int64_t>(known, 1)));
    };
    agree(episodes_, found.dim(0), "episodes");
    if (port.per_step) agree(steps_, found.dim(1), "steps");
  }

  void TakeSteps(std::int64_t steps) {
    if (steps_ < 0) steps_ = steps;
    if (steps_ == steps) return;
    throw Error(ErrorKind::kInvalid, fmt::format("--steps {}: the arrays have {} steps; leave --steps out, "
                                                 "or give arrays of as many steps",
                                                 steps, steps_));
  }

  void CheckNothingMissing(const Graph& graph, const std::vector<Value>& wanted) const {
    const NodeMap<bool> leads = LeadsToInTime(graph, wanted);
    for (const InputPort& port : ports_) {
      const bool needed = leads[graph.Find(port.name)];
      if (!needed || FindTensor(inputs_, port.name) != nullptr) continue;
      throw Error(
          ErrorKind::kInvalid,
          fmt::format(
              "run: input \"{}\" is missing; add --input {}=FILE.npy with an array [episodes, {}shape], "
              "shape {}",
              port.name, port.name, port.per_step ? "T, " : "", port.shape.ToString()));
    }
  }

  // What changes from step to step is asked for, but nothing says how many steps there are.
  void CheckStepsDoNotMatter(const Graph& graph, const std::vector<Value>& wanted) {
    for (const Value value : wanted) {
      const Node& node = graph.node(value);
      if (!node.variance.step) continue;
      throw Error(ErrorKind::kInvalid,
                  fmt::format("run: \"{}\" changes from step to step, but no input that was given has a time "
                              "axis; add --steps T, the number of steps of an episode",
                              node.name));
    }
    steps_ = 1;
  }

  template <typename T>
  void FillAny(size_t port, const EpisodeWindow& window, std::span<T> out) const {
    const Tensor* tensor = FindTensor(inputs_, ports_[port].name);
    if (tensor == nullptr) {
      std::ranges::fill(out, T{0});
      return;
    }
    // A batch may go beyond the last episode; what it makes of that is not used.
    const auto place = [&](std::uint64_t episode) { return static_cast<std::int64_t>(episode) % episodes_; };
    CopyEpisodes(*tensor, ports_[port], window, place, out);
  }

  std::vector<InputPort> ports_;
  NamedTensors inputs_;
  std::int64_t episodes_ = -1;
  std::int64_t steps_ = -1;
};

}  // namespace

std::unique_ptr<DataSource> MakeGivenArrays(const LoadedModel& loaded, NamedTensors inputs,
                                            const std::vector<std::string>& outputs,
                                            std::optional<std::int64_t> steps) {
  return std::make_unique<GivenArrays>(loaded, std::move(inputs), outputs, steps);
}

}  // namespace plgraph
