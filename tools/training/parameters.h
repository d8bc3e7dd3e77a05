#ifndef PLGRAPH_TOOLS_TRAINING_PARAMETERS_H_
#define PLGRAPH_TOOLS_TRAINING_PARAMETERS_H_

#include <string>
#include <vector>

#include "core/file_system.h"
#include "core/named_tensor.h"
#include "graph/run/executor.h"
#include "tools/training/loaded_model.h"
#include "tools/training/tensor_match.h"

namespace plgraph {

/// Sets every parameter to its value before training, from the model's initializers and seed.
template <typename T>
void InitializeParameters(const LoadedModel& loaded, FileSystem& files, Executor<T>& executor);

/// Sets the parameters of a match.
template <typename T>
void SetParameters(const TensorMatch& match, Executor<T>& executor);

/// Sets every parameter from named tensors. Throws Error(kInvalid), with `path` in the message, when one of them does
/// not match.
template <typename T>
void SetParameters(const NamedTensors& tensors, const std::string& path, Executor<T>& executor);

/// Sets parameters from a checkpoint or an `.npz` file. With kSome a file may have others, and those that do not match
/// are initialized as the model says; returns what is to be shown of that, or "". Throws Error(kInvalid) with all that
/// differs when more differs than `coverage` allows.
template <typename T>
std::string LoadParameters(const LoadedModel& loaded, const std::string& path, Coverage coverage,
                           FileSystem& files, Executor<T>& executor);

/// The parameters, in the order of the model.
template <typename T>
NamedTensors GetParameters(Executor<T>& executor);

/// Copies the parameters of one executor to another one of the same model.
void CopyParameters(Executor<float>& from, Executor<float>& to);

/// What a graph's parameters want of a file.
std::vector<WantedTensor> WantedParameters(const Graph& graph);

/// The parameters in a checkpoint or in an `.npz` file. An array of the latter that is not among the wanted tensors, by
/// name and shape, has its shape but no numbers.
NamedTensors ReadParameterFile(FileSystem& files, const std::string& path,
                               const std::vector<WantedTensor>& wanted);

/// The parameters of a graph, in the order of the model.
std::vector<Value> ParametersOf(const Graph& graph);

extern template void InitializeParameters(const LoadedModel&, FileSystem&, Executor<float>&);
extern template void InitializeParameters(const LoadedModel&, FileSystem&, Executor<double>&);
extern template void SetParameters(const TensorMatch&, Executor<float>&);
extern template void SetParameters(const TensorMatch&, Executor<double>&);
extern template void SetParameters(const NamedTensors&, const std::string&, Executor<float>&);
extern template void SetParameters(const NamedTensors&, const std::string&, Executor<double>&);
extern template std::string LoadParameters(const LoadedModel&, const std::string&, Coverage, FileSystem&,
                                           Executor<float>&);
extern template std::string LoadParameters(const LoadedModel&, const std::string&, Coverage, FileSystem&,
                                           Executor<double>&);
extern template NamedTensors GetParameters(Executor<float>&);
extern template NamedTensors GetParameters(Executor<double>&);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_PARAMETERS_H_
