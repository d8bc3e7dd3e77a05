#ifndef PLGRAPH_CORE_VECTOR_ALTERNATIVE_H_
#define PLGRAPH_CORE_VECTOR_ALTERNATIVE_H_

#include <utility>
#include <vector>

namespace plgraph {

/// A vector as an alternative of a std::variant. The library of GCC 12 takes a variant of plain vectors for one that
/// always holds a value: when there is no memory for a copy, it destroys a vector that was never made.
template <typename T>
struct VectorAlternative : std::vector<T> {
  using std::vector<T>::vector;
  VectorAlternative(std::vector<T> values)  // NOLINT(google-explicit-constructor): it is that vector
      : std::vector<T>(std::move(values)) {}
};

}  // namespace plgraph

#endif  // PLGRAPH_CORE_VECTOR_ALTERNATIVE_H_
