#ifndef PLGRAPH_TOOLS_TRAINING_GIVEN_ARRAYS_H_
#define PLGRAPH_TOOLS_TRAINING_GIVEN_ARRAYS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/named_tensor.h"
#include "tools/training/data_source.h"
#include "tools/training/loaded_model.h"

namespace plgraph {

/// The episodes of `plgraph run --input`: arrays [episodes, T, shape], or [episodes, shape] for an input with one value an
/// episode. Inputs that none of the outputs depends on, at any step, may be missing; they are zero. `steps` is T; it must
/// be given where no array has a time axis and an output changes from step to step. Throws Error(kInvalid) for a missing
/// or unknown input, for arrays that do not fit the model, each other or `steps`, and for an unknown output.
std::unique_ptr<DataSource> MakeGivenArrays(const LoadedModel& loaded, NamedTensors inputs,
                                            const std::vector<std::string>& outputs,
                                            std::optional<std::int64_t> steps);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_GIVEN_ARRAYS_H_
