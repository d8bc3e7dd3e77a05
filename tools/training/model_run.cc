#include "tools/training/model_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/checked_size.h"
#include "core/diagnostics.h"
#include "core/error.h"
#include "graph/executor.h"
#include "tools/training/data_source.h"
#include "tools/training/parameters.h"

namespace plgraph {
namespace {

// Episodes run side by side; more of them take more memory and no less time.
constexpr std::int64_t kMaxBatch = 32;

std::vector<std::string> NamesOf(const Graph& graph) {
  std::vector<std::string> names;
  for (const auto& [name, value] : graph.Names()) names.push_back(name);
  return names;
}

void CheckInputNames(const NamedTensors& inputs, const std::vector<InputPort>& ports) {
  std::vector<std::string> names;
  for (const InputPort& port : ports) names.push_back(port.name);
  for (const NamedTensor& entry : inputs) {
    if (std::find(names.begin(), names.end(), entry.name) != names.end()) continue;
    throw Error(ErrorKind::kInvalid, fmt::format("--input {}: the model has no input of this name{}",
                                                 entry.name, DidYouMean(entry.name, names)));
  }
}

struct Extent {
  std::int64_t episodes = -1;
  std::int64_t steps = -1;
};

// Checks one input against its port and the inputs before it.
void CheckShape(const InputPort& port, const Shape& found, Extent& extent) {
  const size_t lead = port.per_step ? 2 : 1;
  std::vector<std::int64_t> expected = port.shape.dims();
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
                fmt::format("--input {}: the array has {} {}, but {} are needed, as in the "
                            "other inputs",
                            port.name, now, what, std::max<std::int64_t>(known, 1)));
  };
  agree(extent.episodes, found.dim(0), "episodes");
  if (port.per_step) agree(extent.steps, found.dim(1), "steps");
}

Extent CheckInputs(const NamedTensors& inputs, const std::vector<InputPort>& ports) {
  CheckInputNames(inputs, ports);
  Extent extent;
  for (const InputPort& port : ports) {
    if (const Tensor* tensor = FindTensor(inputs, port.name)) CheckShape(port, tensor->shape(), extent);
  }
  if (extent.episodes < 0)
    throw Error(ErrorKind::kInvalid, "run: no input was given; add --input NAME=FILE.npy, or --episodes N");
  if (extent.steps < 0) extent.steps = 1;
  return extent;
}

// An input that something reads must be given.
void CheckNothingMissing(const NamedTensors& inputs, const Graph& compiled) {
  for (const InputPort& port : InputPorts(compiled)) {
    if (FindTensor(inputs, port.name) != nullptr || compiled.Users(compiled.Find(port.name)).empty())
      continue;
    throw Error(
        ErrorKind::kInvalid,
        fmt::format(
            "run: input \"{}\" is missing; add --input {}=FILE.npy with an array [episodes, {}shape], "
            "shape {}",
            port.name, port.name, port.per_step ? "T, " : "", port.shape.ToString()));
  }
}

// Rows [step][sample] of an executor against rows [episode][step] of a file, for the episodes from `first` on.
struct Rows {
  std::int64_t first;
  std::int64_t count;  // of episodes; the rest of the batch is not used
  std::int64_t batch;
  std::int64_t steps;
  std::int64_t size;

  template <typename Copy>
  void ForEach(const Copy& copy) const {
    for (std::int64_t sample = 0; sample < count; ++sample) {
      for (std::int64_t step = 0; step < steps; ++step) {
        copy((step * batch + sample) * size, ((first + sample) * steps + step) * size);
      }
    }
  }
};

// No loss is asked for, so its target need not be given.
Executable MakeForward(const LoadedModel& loaded, const NamedTensors& inputs, const Extent& extent,
                       const std::vector<std::string>& outputs) {
  for (const std::string& name : outputs) FindOutput(loaded, name, "--output");
  LoadedModel forward = loaded;
  forward.graph.terms.clear();
  CompileOptions options;
  options.training = false;
  options.batch = std::min(extent.episodes, kMaxBatch);
  options.steps = extent.steps;
  options.outputs = outputs;
  Executable executable = MakeExecutable(forward, options);
  CheckNothingMissing(inputs, executable.graph);
  return executable;
}

}  // namespace

struct ModelRun::Impl {
 public:
  Impl(const LoadedModel& loaded, NamedTensors inputs, std::vector<std::string> outputs,
       const Services& services)
      : inputs_(std::move(inputs)),
        outputs_(std::move(outputs)),
        extent_(CheckInputs(inputs_, InputPorts(loaded.graph))),
        executable_(MakeForward(loaded, inputs_, extent_, outputs_)),
        executor_(executable_, services.memory, services.threads) {}

  Executor<float>& executor() { return executor_; }

  std::vector<RunResult> Run() {
    std::vector<std::vector<float>> numbers;
    for (const std::string& name : outputs_) {
      numbers.emplace_back(static_cast<size_t>(ResultShape(Find(name)).NumElements()));
    }
    for (std::int64_t first = 0; first < extent_.episodes; first += executable_.options.batch) {
      RunFrom(first);
      for (size_t i = 0; i < outputs_.size(); ++i) TakeResult(Find(outputs_[i]), first, numbers[i]);
    }
    std::vector<RunResult> results;
    for (size_t i = 0; i < outputs_.size(); ++i) {
      const Value value = Find(outputs_[i]);
      results.push_back({outputs_[i], Tensor(ResultShape(value), std::move(numbers[i])),
                         executable_.graph.node(value).variance});
    }
    return results;
  }

 private:
  Value Find(const std::string& name) const { return executable_.graph.Find(name); }

  void RunFrom(std::int64_t first) {
    for (const InputPort& port : InputPorts(executable_.graph)) {
      if (const Tensor* tensor = FindTensor(inputs_, port.name)) FillInput(port, *tensor, first);
    }
    executor_.ResetStates();
    executor_.Forward({.first_episode = static_cast<std::uint64_t>(first)});
  }

  Rows RowsFrom(std::int64_t first, bool per_sample, bool per_step, const Shape& shape) const {
    const std::int64_t batch = per_sample ? executable_.options.batch : 1;
    return {.first = per_sample ? first : 0,
            .count = per_sample ? std::min(batch, extent_.episodes - first) : 1,
            .batch = batch,
            .steps = per_step ? extent_.steps : 1,
            .size = shape.NumElements()};
  }

  Shape ResultShape(Value value) const {
    const Node& node = executable_.graph.node(value);
    std::vector<std::int64_t> dims;
    if (node.variance.sample) dims.push_back(extent_.episodes);
    if (node.variance.step) dims.push_back(extent_.steps);
    dims.insert(dims.end(), node.shape.dims().begin(), node.shape.dims().end());
    return Shape(std::move(dims));
  }

  void FillInput(const InputPort& port, const Tensor& tensor, std::int64_t first) {
    const std::span<float> to = executor_.Input(executable_.graph.Find(port.name));
    const Rows rows = RowsFrom(first, true, port.per_step, port.shape);
    const auto copy = [&](const auto& from) {
      rows.ForEach([&](std::int64_t inside, std::int64_t outside) {
        for (std::int64_t i = 0; i < rows.size; ++i) {
          to[static_cast<size_t>(inside + i)] = static_cast<float>(from[static_cast<size_t>(outside + i)]);
        }
      });
    };
    if (tensor.dtype() == DType::kFloat) {
      copy(tensor.values<float>());
    } else {
      copy(tensor.values<double>());
    }
  }

  void TakeResult(Value value, std::int64_t first, std::vector<float>& result) const {
    const Node& node = executable_.graph.node(value);
    const std::span<const float> from = executor_.Output(value);
    const Rows rows = RowsFrom(first, node.variance.sample, node.variance.step, node.shape);
    rows.ForEach([&](std::int64_t inside, std::int64_t outside) {
      std::copy_n(from.data() + inside, rows.size, result.data() + outside);
    });
  }

  NamedTensors inputs_;
  std::vector<std::string> outputs_;
  Extent extent_;
  Executable executable_;
  mutable Executor<float> executor_;  // reading an output changes nothing, but is not const
};

Value FindOutput(const LoadedModel& loaded, const std::string& name, std::string_view option) {
  if (const Value value = loaded.graph.Find(name)) return value;
  throw Error(ErrorKind::kInvalid, fmt::format("{} {}: {} has no value of this name{}", option, name,
                                               loaded.path, DidYouMean(name, NamesOf(loaded.graph))));
}

NamedTensors ReadEpisodes(const LoadedModel& loaded, std::int64_t count, FileSystem& files) {
  const std::unique_ptr<DataSource> data = OpenData(loaded, DataUse::kEvaluation, files);
  const std::vector<InputPort> ports = InputPorts(loaded.graph);
  const std::int64_t episodes = std::min(count, data->episodes().value_or(count));
  NamedTensors inputs;
  for (size_t i = 0; i < ports.size(); ++i) {
    const std::int64_t size =
        (CheckedSize(ports[i].shape.NumElements()) * (ports[i].per_step ? data->steps() : 1)).value();
    std::vector<float> numbers(static_cast<size_t>((CheckedSize(size) * episodes).value()));
    for (std::int64_t episode = 0; episode < episodes; ++episode) {
      const EpisodeWindow window = {.first_episode = static_cast<std::uint64_t>(episode),
                                    .steps = data->steps()};
      data->Fill(i, window,
                 std::span(numbers).subspan(static_cast<size_t>(episode * size), static_cast<size_t>(size)));
    }
    std::vector<std::int64_t> dims = {episodes};
    if (ports[i].per_step) dims.push_back(data->steps());
    dims.insert(dims.end(), ports[i].shape.dims().begin(), ports[i].shape.dims().end());
    inputs.push_back({ports[i].name, Tensor(Shape(std::move(dims)), std::move(numbers))});
  }
  return inputs;
}

ModelRun::ModelRun(const LoadedModel& loaded, NamedTensors inputs, std::vector<std::string> outputs,
                   const Services& services)
    : impl_(std::make_unique<Impl>(loaded, std::move(inputs), std::move(outputs), services)) {}
ModelRun::~ModelRun() = default;
Executor<float>& ModelRun::executor() { return impl_->executor(); }
std::vector<RunResult> ModelRun::Run() { return impl_->Run(); }

}  // namespace plgraph
