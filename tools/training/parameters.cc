#include "tools/training/parameters.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "serialization/formats/npz.h"
#include "serialization/language/initializer.h"
#include "serialization/state/checkpoint.h"

namespace plgraph {
namespace {

constexpr std::string_view kOtherModel = "was it made by another model, or with another --set?";

template <typename T>
void CopyInto(const Tensor& tensor, std::span<T> parameter) {
  const auto copy = [&](const auto& values) {
    PLGRAPH_CHECK(values.size() == parameter.size(), "a parameter's shape was not checked");
    std::transform(values.begin(), values.end(), parameter.begin(),
                   [](auto value) { return static_cast<T>(value); });
  };
  tensor.dtype() == DType::kFloat ? copy(tensor.values<float>()) : copy(tensor.values<double>());
}

// An array that the model has no place for keeps its shape only: it may unpack to more than there is memory.
NamedTensors ReadWanted(const NpzArchive& archive, const std::vector<WantedTensor>& wanted) {
  NamedTensors tensors;
  for (const std::string& name : archive.names()) {
    NpyReader array = archive.Open(name);
    const bool fits = std::ranges::any_of(
        wanted, [&](const WantedTensor& w) { return w.name == name && w.shape == array.shape(); });
    tensors.push_back({name, fits ? array.Read() : Tensor(array.shape(), std::vector<float>())});
  }
  return tensors;
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

std::vector<WantedTensor> WantedParameters(const Graph& graph) {
  std::vector<WantedTensor> wanted;
  for (const Value parameter : ParametersOf(graph)) {
    wanted.push_back({graph.node(parameter).name, graph.node(parameter).shape});
  }
  return wanted;
}

template <typename T>
void SetParameters(const TensorMatch& match, Executor<T>& executor) {
  const Graph& graph = executor.executable().graph;
  for (const Value parameter : ParametersOf(graph)) {
    const Tensor* tensor = match.Find(graph.node(parameter).name);
    if (tensor != nullptr) CopyInto(*tensor, executor.Parameter(parameter));
  }
}

template <typename T>
void SetParameters(const NamedTensors& tensors, const std::string& path, Executor<T>& executor) {
  const TensorMatch match("parameter", tensors, WantedParameters(executor.executable().graph));
  CheckMatches({&match}, path, Coverage::kAll, kOtherModel);
  SetParameters(match, executor);
}

template <typename T>
std::string LoadParameters(const LoadedModel& loaded, const std::string& path, Coverage coverage,
                           FileSystem& files, Executor<T>& executor) {
  const std::vector<WantedTensor> wanted = WantedParameters(executor.executable().graph);
  const NamedTensors tensors = ReadParameterFile(files, path, wanted);
  const TensorMatch match("parameter", tensors, wanted);
  std::string differences = CheckMatches({&match}, path, coverage, kOtherModel);
  if (!match.complete()) InitializeParameters(loaded, files, executor);
  SetParameters(match, executor);
  return differences;
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

NamedTensors ReadParameterFile(FileSystem& files, const std::string& path,
                               const std::vector<WantedTensor>& wanted) {
  if (!files.Exists(path)) throw Error(ErrorKind::kInvalid, fmt::format("{}: no such file", path));
  const std::unique_ptr<ReadableFile> file = files.OpenRead(path);
  if (IsNpz(*file)) return ReadWanted(NpzArchive(*file, path), wanted);
  std::vector<std::byte> bytes(static_cast<size_t>(file->size()));
  file->ReadAt(0, bytes);
  if (IsCheckpoint(bytes)) return DecodeCheckpoint(bytes, path).parameters;
  throw Error(ErrorKind::kInvalid,
              fmt::format("{}: neither a checkpoint of plgraph nor an .npz file of named arrays", path));
}

template void InitializeParameters(const LoadedModel&, FileSystem&, Executor<float>&);
template void InitializeParameters(const LoadedModel&, FileSystem&, Executor<double>&);
template void SetParameters(const TensorMatch&, Executor<float>&);
template void SetParameters(const TensorMatch&, Executor<double>&);
template void SetParameters(const NamedTensors&, const std::string&, Executor<float>&);
template void SetParameters(const NamedTensors&, const std::string&, Executor<double>&);
template std::string LoadParameters(const LoadedModel&, const std::string&, Coverage, FileSystem&,
                                    Executor<float>&);
template std::string LoadParameters(const LoadedModel&, const std::string&, Coverage, FileSystem&,
                                    Executor<double>&);
template NamedTensors GetParameters(Executor<float>&);
template NamedTensors GetParameters(Executor<double>&);

}  // namespace plgraph
