#ifndef PLGRAPH_SERIALIZATION_FORMATS_NPZ_H_
#define PLGRAPH_SERIALIZATION_FORMATS_NPZ_H_

#include <string>
#include <vector>

#include "core/file_system.h"
#include "serialization/formats/npy_reader.h"
#include "serialization/formats/zip.h"

namespace plgraph {

/// The arrays of a `.npz` file (a zip archive of `.npy` files, stored or deflated), named without `.npy`, each of which
/// is read by itself. The checksum of what is read is verified. Throws Error(kRuntime) with the path and the member.
class NpzArchive {
 public:
  /// Reads the directory. The file must outlive this.
  NpzArchive(ReadableFile& file, const std::string& path);

  /// In the order of the archive; each once.
  const std::vector<std::string>& names() const { return names_; }
  bool Has(const std::string& name) const;
  /// Reads the header of an array that there is. The archive must outlive the reader.
  NpyReader Open(const std::string& name) const;

 private:
  std::string path_;
  ZipArchive zip_;
  std::vector<std::string> names_;  // of its entries
};

/// Whether a file begins as a zip archive does.
bool IsNpz(ReadableFile& file);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_FORMATS_NPZ_H_
