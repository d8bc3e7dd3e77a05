#ifndef PLGRAPH_SERIALIZATION_LANGUAGE_OP_REFERENCE_H_
#define PLGRAPH_SERIALIZATION_LANGUAGE_OP_REFERENCE_H_

#include <string>

namespace plgraph {

/// All ops of the language, one per line, each with the first sentence of its description.
std::string OpList();

/// Everything about one op: its description from the .proto, its operands with their shapes, its attributes
/// with their defaults, its result, and whether gradients flow through it. `name` is the op's name
/// (PlasticMatMul) or its field in a node (plastic_matmul). Throws Error(kInvalid) when there is none.
std::string OpReference(const std::string& name);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_LANGUAGE_OP_REFERENCE_H_
