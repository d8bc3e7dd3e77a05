#ifndef PLGRAPH_TESTS_CLI_TOOL_H_
#define PLGRAPH_TESTS_CLI_TOOL_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace plgraph {

/// What a call of the tool left behind.
struct ToolResult {
  int exit_code = -1;  ///< minus the signal, if one ended it
  std::string out;
  std::string err;
  long peak_bytes = 0;  ///< the largest resident memory
};

/// Where a stream of the tool leads.
enum class StreamTo {
  kFile,        ///< a file, which ToolResult shows
  kFullDevice,  ///< /dev/full: every write fails
  kClosed,      ///< the descriptor is closed
  kReaderGone,  ///< a pipe that nobody reads
};

/// What the tool finds when it starts.
struct ToolSetting {
  StreamTo out = StreamTo::kFile;
  StreamTo err = StreamTo::kFile;
  bool input_closed = false;
  std::string input = {};             ///< the file that stdin reads; empty: that of the test
  std::int64_t most_file_bytes = -1;  ///< the limit of the size of a file (RLIMIT_FSIZE); negative: none
  std::int64_t most_memory = -1;      ///< the limit of the address space (RLIMIT_AS); negative: none
  std::vector<std::string> environment = {};  ///< NAME=VALUE, beside the environment of the test
};

/// Runs `plgraph` with these arguments in a folder and waits for its end.
ToolResult RunTool(const std::vector<std::string>& arguments, const std::string& folder,
                   const ToolSetting& setting = {});

/// Starts `plgraph` and returns at once. End it with Kill, or wait for its end with WaitForTool.
pid_t StartTool(const std::vector<std::string>& arguments, const std::string& folder,
                const ToolSetting& setting = {});

/// Waits for the end of what StartTool started in this folder.
ToolResult WaitForTool(pid_t process, const std::string& folder);

/// Sends a signal. Whether it was still running.
bool Signal(pid_t process, int signal);

/// kill -9, and waits for the end. Whether it was still running.
bool Kill(pid_t process);

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_CLI_TOOL_H_
