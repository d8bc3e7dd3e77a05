#ifndef PLGRAPH_SERIALIZATION_LANGUAGE_INITIALIZER_H_
#define PLGRAPH_SERIALIZATION_LANGUAGE_INITIALIZER_H_

#include <cstdint>
#include <string>

#include "core/file_system.h"
#include "core/shape.h"
#include "core/tensor.h"
#include "serialization/language/model.pb.h"

namespace plgraph {

/// The value of a parameter before training, in double. It depends on the seed, the parameter's name and the
/// shape only, never on the other parameters. Without an initializer: zeros.
/// `folder` is the model file's folder ("" for the current one), to which a `from_file` path is relative.
/// Throws Error(kInvalid) when the initializer does not suit the shape (identity of a vector), or the file's
/// shape is another one; Error(kRuntime) when the file cannot be read.
Tensor InitialValue(const ParameterDef& parameter, const Shape& shape, std::uint64_t seed,
                    const std::string& folder, FileSystem& files);

/// Bytes that InitialValue takes at its peak.
std::int64_t InitialValueBytes(const ParameterDef& parameter, const Shape& shape);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_LANGUAGE_INITIALIZER_H_
