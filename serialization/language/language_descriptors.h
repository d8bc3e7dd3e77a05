#ifndef PLGRAPH_SERIALIZATION_LANGUAGE_LANGUAGE_DESCRIPTORS_H_
#define PLGRAPH_SERIALIZATION_LANGUAGE_LANGUAGE_DESCRIPTORS_H_

#include <string_view>

namespace plgraph {

/// A serialized google.protobuf.FileDescriptorSet of ops.proto and model.proto with all their comments; made
/// at build time (op_reference.cmake).
std::string_view LanguageDescriptors();

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_LANGUAGE_LANGUAGE_DESCRIPTORS_H_
