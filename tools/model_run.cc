#include "tools/model_run.h"

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

void CheckOutputs(const LoadedModel& loaded, const std::vector<std::string>& outputs) {
  for (const std::string& name : outputs) {
    if (loaded.graph.Find(name)) continue;
    throw Error(
        ErrorKind::kInvalid,
        fmt::format("--output {}: {} has no value of this name{}{}", name, loaded.path,
                    DidYouMean(name, NamesOf(loaded.graph)),
                    loaded.is_plan ? "; what nothing needs is no longer in a plan: use the .pbtxt" : ""));
  }
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
    throw Error(ErrorKind::kInvalid, "run: no input was given; add --input NAME=FILE.npy");
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

class Runner {
 public:
  Runner(const Executable& executable, const Services& services, const Extent& extent,
         const std::vector<std::string>& outputs)
      : executable_(executable), executor_(executable, services.memory, services.threads), extent_(extent) {
    for (const std::string& name : outputs) {
      const Value value = executable.graph.Find(name);
      values_.push_back(value);
      results_.emplace_back(static_cast<size_t>(ResultShape(value).NumElements()));
    }
  }

  Executor<float>& executor() { return executor_; }

  void RunFrom(std::int64_t first, const NamedTensors& inputs) {
    for (const InputPort& port : InputPorts(executable_.graph)) {
      if (const Tensor* tensor = FindTensor(inputs, port.name)) FillInput(port, *tensor, first);
    }
    executor_.ResetStates();
    executor_.Forward({.first_episode = static_cast<std::uint64_t>(first)});
    for (size_t i = 0; i < values_.size(); ++i) TakeResult(i, first);
  }

  NamedTensors Results(const std::vector<std::string>& names) {
    NamedTensors tensors;
    for (size_t i = 0; i < names.size(); ++i) {
      tensors.push_back({names[i], Tensor(ResultShape(values_[i]), std::move(results_[i]))});
    }
    return tensors;
  }

 private:
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

  void TakeResult(size_t index, std::int64_t first) {
    const Node& node = executable_.graph.node(values_[index]);
    const std::span<const float> from = executor_.Output(values_[index]);
    const Rows rows = RowsFrom(first, node.variance.sample, node.variance.step, node.shape);
    rows.ForEach([&](std::int64_t inside, std::int64_t outside) {
      std::copy_n(from.data() + inside, rows.size, results_[index].data() + outside);
    });
  }

  const Executable& executable_;
  Executor<float> executor_;
  Extent extent_;
  std::vector<Value> values_;
  std::vector<std::vector<float>> results_;
};

}  // namespace

NamedTensors RunModel(const LoadedModel& loaded, const NamedTensors& parameters,
                      const std::string& parameter_path, const NamedTensors& inputs,
                      const std::vector<std::string>& outputs, const Services& services) {
  CheckOutputs(loaded, outputs);
  const Extent extent = CheckInputs(inputs, InputPorts(loaded.graph));
  LoadedModel forward = loaded;
  forward.graph.terms.clear();  // no loss is asked for, so its target need not be given
  CompileOptions options;
  options.training = false;
  options.batch = std::min(extent.episodes, kMaxBatch);
  options.steps = extent.steps;
  options.outputs = outputs;
  const Executable executable = MakeExecutable(forward, options);
  CheckNothingMissing(inputs, executable.graph);
  Runner runner(executable, services, extent, outputs);
  SetParameters(parameters, parameter_path, Coverage::kAll, runner.executor());
  for (std::int64_t first = 0; first < extent.episodes; first += options.batch) runner.RunFrom(first, inputs);
  return runner.Results(outputs);
}

}  // namespace plgraph
