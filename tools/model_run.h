#ifndef PLGRAPH_TOOLS_MODEL_RUN_H_
#define PLGRAPH_TOOLS_MODEL_RUN_H_

#include <string>
#include <vector>

#include "serialization/named_tensor.h"
#include "tools/training/loaded_model.h"
#include "tools/training/services.h"

namespace plgraph {

/// Runs a trained model forward on given inputs. `inputs`: [episodes, T, shape], or [episodes, shape] for an input
/// with one value an episode; those that no output depends on may be missing. Every episode starts from the states'
/// initial values. Returns the outputs in the order of `outputs`: [episodes, T, shape], without the axes along which
/// the value has only one instance. Throws Error(kInvalid) for a missing or unknown input, a wrong shape, an unknown
/// output, or parameters of another model; `parameter_path` is for messages.
NamedTensors RunModel(const LoadedModel& loaded, const NamedTensors& parameters,
                      const std::string& parameter_path, const NamedTensors& inputs,
                      const std::vector<std::string>& outputs, const Services& services);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_MODEL_RUN_H_
