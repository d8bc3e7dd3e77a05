#ifndef PLGRAPH_CORE_NAMED_TENSOR_H_
#define PLGRAPH_CORE_NAMED_TENSOR_H_

#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"

namespace plgraph {

/// A tensor with the name under which a file holds it.
struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// In the order of the file.
using NamedTensors = std::vector<NamedTensor>;

/// The tensor of this name, or null.
inline const Tensor* FindTensor(const NamedTensors& tensors, std::string_view name) {
  for (const NamedTensor& entry : tensors) {
    if (entry.name == name) return &entry.tensor;
  }
  return nullptr;
}

}  // namespace plgraph

#endif  // PLGRAPH_CORE_NAMED_TENSOR_H_
