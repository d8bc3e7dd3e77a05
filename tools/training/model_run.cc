#include "tools/training/model_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/diagnostics.h"
#include "core/error.h"
#include "tools/training/episode_runner.h"

namespace plgraph {
namespace {

std::vector<std::string> NamesOf(const Graph& graph) {
  std::vector<std::string> names;
  for (const auto& [name, value] : graph.Names()) names.push_back(name);
  return names;
}

// No loss is asked for, so its target need not be given.
Executable MakeForward(const LoadedModel& loaded, const DataSource& data, std::int64_t episodes,
                       const std::vector<std::string>& outputs) {
  for (const std::string& name : outputs) FindOutput(loaded, name, "--output");
  Graph graph = loaded.graph;
  graph.terms.clear();
  return Compile(std::move(graph), ForwardOptions(loaded, data, episodes, outputs));
}

}  // namespace

struct ModelRun::Impl {
 public:
  Impl(const LoadedModel& loaded, std::shared_ptr<DataSource> data, std::int64_t episodes,
       std::vector<std::string> outputs, const Services& services, StepsTaken taken)
      : data_(std::move(data)),
        episodes_(std::min(episodes, data_->episodes().value_or(episodes))),
        outputs_(std::move(outputs)),
        taken_(taken),
        executable_(MakeForward(loaded, *data_, episodes_, outputs_)),
        executor_(executable_, services.memory, services.threads),
        runner_(executor_, *data_, InputPorts(loaded.graph), loaded.model.train().seed()) {}

  Executor<float>& executor() { return executor_; }

  std::vector<RunResult> Run() {
    std::vector<std::vector<float>> numbers;
    for (const std::string& name : outputs_) {
      numbers.emplace_back(static_cast<size_t>(ResultShape(Find(name)).NumElements()));
    }
    executor_.ResetStates();
    for (std::int64_t first = 0; first < episodes_; first += runner_.batch()) {
      for (std::int64_t window = 0; window < runner_.windows(); ++window) {
        runner_.Forward(static_cast<std::uint64_t>(first), window);
        for (size_t i = 0; i < outputs_.size(); ++i) Take(Find(outputs_[i]), first, window, numbers[i]);
      }
    }
    std::vector<RunResult> results;
    for (size_t i = 0; i < outputs_.size(); ++i) {
      const Value value = Find(outputs_[i]);
      results.push_back({outputs_[i],
                         Tensor(ResultShape(value), std::move(numbers[i])),
                         {executable_.graph.node(value).variance.sample, HasStepAxis(value)}});
    }
    return results;
  }

 private:
  Value Find(const std::string& name) const { return executable_.graph.Find(name); }
  bool HasStepAxis(Value value) const {
    return executable_.graph.node(value).variance.step && taken_ == StepsTaken::kAll;
  }

  Shape ResultShape(Value value) const {
    const Node& node = executable_.graph.node(value);
    std::vector<std::int64_t> dims;
    if (node.variance.sample) dims.push_back(episodes_);
    if (HasStepAxis(value)) dims.push_back(data_->steps());
    dims.insert(dims.end(), node.shape.dims().begin(), node.shape.dims().end());
    return Shape(std::move(dims));
  }

  // Copies what a window made of a value, for the episodes from `first` on, to where its result has it.
  void Take(Value value, std::int64_t first, std::int64_t window, std::vector<float>& result) const {
    const Node& node = executable_.graph.node(value);
    const std::span<const float> from = executor_.Output(value);  // [steps, batch, shape]
    const std::int64_t size = node.shape.NumElements();
    const std::int64_t batch = node.variance.sample ? runner_.batch() : 1;
    const std::int64_t count = node.variance.sample ? std::min(batch, episodes_ - first) : 1;
    const std::int64_t steps = node.variance.step ? executable_.options.steps : 1;
    const std::int64_t all = HasStepAxis(value) ? data_->steps() : 1;  // that a result has
    const std::int64_t before = HasStepAxis(value) ? window * steps : 0;
    for (std::int64_t sample = 0; sample < count; ++sample) {
      for (std::int64_t step = HasStepAxis(value) ? 0 : steps - 1; step < steps; ++step) {
        const std::int64_t episode = node.variance.sample ? first + sample : 0;
        const std::int64_t at = HasStepAxis(value) ? before + step : 0;
        std::copy_n(from.data() + (step * batch + sample) * size, size,
                    result.data() + (episode * all + at) * size);
      }
    }
  }

  std::shared_ptr<DataSource> data_;
  std::int64_t episodes_;
  std::vector<std::string> outputs_;
  StepsTaken taken_;
  Executable executable_;
  Executor<float> executor_;
  EpisodeRunner<float> runner_;
};

Value FindOutput(const LoadedModel& loaded, const std::string& name, std::string_view option) {
  if (const Value value = loaded.graph.Find(name)) return value;
  throw Error(ErrorKind::kInvalid, fmt::format("{} {}: {} has no value of this name{}", option, name,
                                               loaded.path, DidYouMean(name, NamesOf(loaded.graph))));
}

ModelRun::ModelRun(const LoadedModel& loaded, std::shared_ptr<DataSource> data, std::int64_t episodes,
                   std::vector<std::string> outputs, const Services& services, StepsTaken taken)
    : impl_(std::make_unique<Impl>(loaded, std::move(data), episodes, std::move(outputs), services, taken)) {}
ModelRun::~ModelRun() = default;
Executor<float>& ModelRun::executor() { return impl_->executor(); }
std::vector<RunResult> ModelRun::Run() { return impl_->Run(); }

}  // namespace plgraph
