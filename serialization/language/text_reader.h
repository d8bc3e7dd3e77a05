#ifndef PLGRAPH_SERIALIZATION_LANGUAGE_TEXT_READER_H_
#define PLGRAPH_SERIALIZATION_LANGUAGE_TEXT_READER_H_

#include <string>
#include <string_view>

#include "core/diagnostics.h"
#include "core/file_system.h"
#include "serialization/language/model.pb.h"
#include "serialization/language/model_locations.h"

namespace plgraph {

/// A model as its file says it, and where each part of it stands.
struct ModelText {
  Model model;
  ModelLocations locations;
};

/// Reads a model in protobuf's text format. Goes on after a fault, so that all faults of the text are
/// reported in one run; what could not be read is missing from the result. Stricter than protobuf's own
/// parser, which takes `010` for 8, `1e999` for infinity, and stops at the first fault. `source`: the number of the
/// text among the sources of `diagnostics`; 0: it is the model itself.
ModelText ReadModel(std::string_view text, Diagnostics& diagnostics, std::int32_t source = 0);

/// Reads the file at `path`. Throws Error(kInvalid) when there is none, Error(kRuntime) when it cannot be
/// read.
ModelText ReadModelFile(FileSystem& files, const std::string& path, Diagnostics& diagnostics);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_LANGUAGE_TEXT_READER_H_
