#ifndef PLGRAPH_SERIALIZATION_FORMATS_NPY_H_
#define PLGRAPH_SERIALIZATION_FORMATS_NPY_H_

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/file_system.h"
#include "core/named_tensor.h"
#include "core/tensor.h"

namespace plgraph {

// NumPy's array files (NEP 1: versions 1, 2 and 3). Read: little-endian f4, f8, b1 and integers of 8 to 64 bits, in C or
// Fortran order (the tensor is always row-major). f4, b1 and integers of at most 16 bits become float, the others
// double; an integer that double cannot hold exactly is refused. Whatever is damaged or not understood throws
// Error(kRuntime) with the path, what was expected and what was found. Files are read in pieces: no memory is taken
// beside the tensor's own, and for that only when the file holds as many bytes as its header says.

/// The array in the bytes of a `.npy` file; `path` is for messages.
Tensor DecodeNpy(std::span<const std::byte> bytes, const std::string& path);
/// Version 1, C order, f4 or f8 by the tensor's type.
std::vector<std::byte> EncodeNpy(const Tensor& tensor);

/// The arrays of a `.npz` file (a zip archive of `.npy` files, stored or deflated), named without `.npy`.
/// The checksum of every member is verified.
NamedTensors DecodeNpz(std::span<const std::byte> bytes, const std::string& path);
/// The same tensors give the same bytes: every member has the same fixed date. Throws Error(kRuntime) for a name that
/// is there twice, or that as a path leads out of the archive.
std::vector<std::byte> EncodeNpz(const NamedTensors& tensors, bool deflate = false);

Tensor ReadNpy(FileSystem& files, const std::string& path);
void WriteNpy(FileSystem& files, const std::string& path, const Tensor& tensor);
NamedTensors ReadNpz(FileSystem& files, const std::string& path);
void WriteNpz(FileSystem& files, const std::string& path, const NamedTensors& tensors, bool deflate = false);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_FORMATS_NPY_H_
