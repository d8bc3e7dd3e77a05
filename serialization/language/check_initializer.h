#ifndef PLGRAPH_SERIALIZATION_LANGUAGE_CHECK_INITIALIZER_H_
#define PLGRAPH_SERIALIZATION_LANGUAGE_CHECK_INITIALIZER_H_

#include "core/diagnostics.h"
#include "core/shape.h"
#include "serialization/language/model.pb.h"
#include "serialization/language/model_locations.h"

namespace plgraph {

/// Reports what is wrong with a parameter's initializer: numbers out of their range, a shape that it does not
/// suit. A parameter without one starts at zero, which is worth a warning. Files are not opened.
void CheckInitializer(const ParameterDef& parameter, const Shape& shape, const ModelLocations::Place& where,
                      Diagnostics& diagnostics);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_LANGUAGE_CHECK_INITIALIZER_H_
