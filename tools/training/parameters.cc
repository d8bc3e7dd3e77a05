#include "tools/training/parameters.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/diagnostics.h"
#include "core/error.h"
#include "serialization/checkpoint.h"
#include "serialization/initializer.h"
#include "serialization/npy.h"

namespace plgraph {
namespace {

template <typename T>
void CopyInto(const Tensor& tensor, std::span<T> parameter) {
  const std::vector<T> values = tensor.As<T>();
  PLGRAPH_CHECK(values.size() == parameter.size(), "a parameter's shape was not checked");
  std::copy(values.begin(), values.end(), parameter.begin());
}

std::vector<std::string> NamesOf(const Graph& graph, const std::vector<Value>& values) {
  std::vector<std::string> names;
  for (const Value value : values) names.push_back(graph.node(value).name);
  return names;
}

void CheckNames(const NamedTensors& tensors, const std::string& path, const std::vector<std::string>& names) {
  for (const NamedTensor& entry : tensors) {
    if (std::find(names.begin(), names.end(), entry.name) != names.end()) continue;
    throw Error(ErrorKind::kInvalid,
                fmt::format("{}: holds \"{}\", which is no parameter of the model{}; its "
                            "parameters are {}",
                            path, entry.name, DidYouMean(entry.name, names), fmt::join(names, ", ")));
  }
}

}  // namespace

std::vector<Value> ParametersOf(const Graph& graph) {
  std::vector<Value> parameters;
  for (int id = 0; id < graph.size(); ++id) {
    if (graph.node(Value{id}).kind == NodeKind::kParameter) parameters.push_back(Value{id});
  }
  return parameters;
}

template <typename T>
void InitializeParameters(const LoadedModel& loaded, FileSystem& files, Executor<T>& executor) {
  const Graph& graph = executor.executable().graph;
  for (const ParameterDef& def : loaded.model.parameter()) {
    const Value parameter = graph.Find(def.name());
    PLGRAPH_CHECK(static_cast<bool>(parameter), "the compiled graph lacks parameter " + def.name());
    const Tensor initial =
        InitialValue(def, graph.node(parameter).shape, loaded.model.train().seed(), loaded.folder, files);
    CopyInto(initial, executor.Parameter(parameter));
  }
}

template <typename T>
std::vector<std::string> SetParameters(const NamedTensors& tensors, const std::string& path,
                                       Coverage coverage, Executor<T>& executor) {
  const Graph& graph = executor.executable().graph;
  const std::vector<Value> parameters = ParametersOf(graph);
  CheckNames(tensors, path, NamesOf(graph, parameters));
  std::vector<std::string> missing;
  for (const Value parameter : parameters) {
    const Node& node = graph.node(parameter);
    const Tensor* tensor = FindTensor(tensors, node.name);
    if (tensor == nullptr) {
      missing.push_back(node.name);
    } else if (tensor->shape() != node.shape) {
      throw Error(
          ErrorKind::kInvalid,
          fmt::format("{}: \"{}\" has shape {}, but the model's parameter has {}; was it made by another "
                      "model, or with another --set?",
                      path, node.name, tensor->shape().ToString(), node.shape.ToString()));
    } else {
      CopyInto(*tensor, executor.Parameter(parameter));
    }
  }
  if (coverage == Coverage::kAll && !missing.empty()) {
    throw Error(ErrorKind::kInvalid,
                fmt::format("{}: lacks the model's parameter {}; was it made by another model?", path,
                            fmt::join(missing, ", ")));
  }
  return missing;
}

template <typename T>
NamedTensors GetParameters(Executor<T>& executor) {
  const Graph& graph = executor.executable().graph;
  NamedTensors tensors;
  for (const Value parameter : ParametersOf(graph)) {
    const std::span<T> values = executor.Parameter(parameter);
    tensors.push_back({graph.node(parameter).name,
                       Tensor(graph.node(parameter).shape, std::vector<T>(values.begin(), values.end()))});
  }
  return tensors;
}

void CopyParameters(Executor<float>& from, Executor<float>& to) {
  const std::vector<Value> theirs = ParametersOf(from.executable().graph);
  const std::vector<Value> ours = ParametersOf(to.executable().graph);
  PLGRAPH_CHECK(theirs.size() == ours.size(), "two executables of one model have different parameters");
  for (size_t i = 0; i < ours.size(); ++i) {
    const std::span<float> source = from.Parameter(theirs[i]);
    std::copy(source.begin(), source.end(), to.Parameter(ours[i]).begin());
  }
}

NamedTensors ReadParameterFile(FileSystem& files, const std::string& path) {
  if (!files.Exists(path)) throw Error(ErrorKind::kInvalid, fmt::format("{}: no such file", path));
  const std::vector<std::byte> bytes = files.Read(path);
  if (IsCheckpoint(bytes)) return DecodeCheckpoint(bytes, path).parameters;
  if (bytes.size() >= 2 && bytes[0] == std::byte{'P'} && bytes[1] == std::byte{'K'})
    return DecodeNpz(bytes, path);
  throw Error(ErrorKind::kInvalid,
              fmt::format("{}: neither a checkpoint of plgraph nor an .npz file of named arrays", path));
}

template void InitializeParameters(const LoadedModel&, FileSystem&, Executor<float>&);
template void InitializeParameters(const LoadedModel&, FileSystem&, Executor<double>&);
template std::vector<std::string> SetParameters(const NamedTensors&, const std::string&, Coverage,
                                                Executor<float>&);
template std::vector<std::string> SetParameters(const NamedTensors&, const std::string&, Coverage,
                                                Executor<double>&);
template NamedTensors GetParameters(Executor<float>&);
template NamedTensors GetParameters(Executor<double>&);

}  // namespace plgraph
