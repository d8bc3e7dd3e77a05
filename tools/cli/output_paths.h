#ifndef PLGRAPH_TOOLS_CLI_OUTPUT_PATHS_H_
#define PLGRAPH_TOOLS_CLI_OUTPUT_PATHS_H_

#include <cstdio>
#include <string>
#include <vector>

#include "core/file_system.h"
#include "tools/training/loaded_model.h"

namespace plgraph {

/// A file that a command is to write, and the words of the command line that say so.
struct OutputPath {
  std::string words;
  std::string path;  ///< empty: nothing is written
};

/// Checks the files that a command writes before anything is computed. Throws Error(kInvalid) if two of them are one
/// file, or if one of them is among the files that the command reads, of which empty paths are none.
/// Returns where the command prints its text: stdout, or stderr if one of the files goes to stdout.
std::FILE* CheckOutputs(const std::vector<OutputPath>& written, const std::vector<std::string>& read);

/// What `plgraph train` and `plgraph eval` keep in the folder of a run and read again.
std::vector<std::string> FilesOfRun(FileSystem& files, const std::string& run);

/// What a command reads with a model that `path` names: the model or the files of the run, and the data of both sources.
std::vector<std::string> FilesOfModel(FileSystem& files, const std::string& path, const LoadedModel& loaded);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_CLI_OUTPUT_PATHS_H_
