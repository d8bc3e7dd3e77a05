#ifndef PLGRAPH_TOOLS_TRAINING_DATA_FILES_H_
#define PLGRAPH_TOOLS_TRAINING_DATA_FILES_H_

#include <string>
#include <vector>

#include "core/file_system.h"
#include "tools/training/json_text.h"
#include "tools/training/loaded_model.h"

namespace plgraph {

/// A file, or a folder of files, that a run takes its episodes from.
struct DataFile {
  std::string setting;    ///< the field of the model that names it: `train.data.images.csv.path`
  std::string path;       ///< absolute
  FileChecksum checksum;  ///< of a folder: over the names and the checksums of all files in it
};

/// Reads all files from which the model takes episodes of training or evaluation, a piece at a time; leaves out what
/// can be read only once, such as a pipe. Throws Error(kRuntime) when one cannot be read.
std::vector<DataFile> ChecksumData(const LoadedModel& loaded, FileSystem& files);

/// A list of objects: `setting`, `path`, `bytes` and `crc32c`, as 8 hexadecimal digits.
Json JsonOf(const std::vector<DataFile>& files);
/// The files of such a list. Throws Json::exception when it is not such a list.
std::vector<DataFile> DataFilesOf(const Json& list);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_DATA_FILES_H_
