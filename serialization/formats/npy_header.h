#ifndef PLGRAPH_SERIALIZATION_FORMATS_NPY_HEADER_H_
#define PLGRAPH_SERIALIZATION_FORMATS_NPY_HEADER_H_

#include <string>
#include <string_view>

#include "core/shape.h"

namespace plgraph {

/// What the header of a `.npy` file tells of its array.
struct NpyHeader {
  std::string type;            ///< as NumPy writes it, such as "<f4"
  bool fortran_order = false;  ///< column-major: the first index runs fastest
  Shape shape;
};

/// Reads the text of a header, which is a Python dictionary:
/// {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
/// Throws Error(kRuntime) with the path and the place in the text.
NpyHeader ParseNpyHeader(std::string_view text, const std::string& path);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_FORMATS_NPY_HEADER_H_
