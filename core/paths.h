#ifndef PLGRAPH_CORE_PATHS_H_
#define PLGRAPH_CORE_PATHS_H_

#include <string>

namespace plgraph {

/// `path` as seen from `folder`: itself if absolute.
std::string JoinPath(const std::string& folder, const std::string& path);
/// The folder of a file: "" for a file of the current folder.
std::string FolderOf(const std::string& path);

}  // namespace plgraph

#endif  // PLGRAPH_CORE_PATHS_H_
