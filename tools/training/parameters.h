#ifndef PLGRAPH_TOOLS_TRAINING_PARAMETERS_H_
#define PLGRAPH_TOOLS_TRAINING_PARAMETERS_H_

#include <string>
#include <vector>

#include "core/file_system.h"
#include "graph/executor.h"
#include "serialization/named_tensor.h"
#include "tools/training/loaded_model.h"

namespace plgraph {

/// Sets every parameter to its value before training, from the model's initializers and seed.
template <typename T>
void InitializeParameters(const LoadedModel& loaded, FileSystem& files, Executor<T>& executor);

/// Whether a file may leave some parameters of the model as they are.
enum class Coverage { kAll, kSome };

/// Sets parameters from named tensors. Returns the names of the parameters that they do not hold. Throws
/// Error(kInvalid), with `path` in the message, for a tensor that is no parameter of the model or has another
/// shape, and, with kAll, for a parameter that is missing.
template <typename T>
std::vector<std::string> SetParameters(const NamedTensors& tensors, const std::string& path,
                                       Coverage coverage, Executor<T>& executor);

/// The parameters, in the order of the model.
template <typename T>
NamedTensors GetParameters(Executor<T>& executor);

/// Copies the parameters of one executor to another one of the same model.
void CopyParameters(Executor<float>& from, Executor<float>& to);

/// The parameters in a checkpoint or in an `.npz` file.
NamedTensors ReadParameterFile(FileSystem& files, const std::string& path);

/// The parameters of a graph, in the order of the model.
std::vector<Value> ParametersOf(const Graph& graph);

extern template void InitializeParameters(const LoadedModel&, FileSystem&, Executor<float>&);
extern template void InitializeParameters(const LoadedModel&, FileSystem&, Executor<double>&);
extern template std::vector<std::string> SetParameters(const NamedTensors&, const std::string&, Coverage,
                                                       Executor<float>&);
extern template std::vector<std::string> SetParameters(const NamedTensors&, const std::string&, Coverage,
                                                       Executor<double>&);
extern template NamedTensors GetParameters(Executor<float>&);
extern template NamedTensors GetParameters(Executor<double>&);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_PARAMETERS_H_
