#ifndef PLGRAPH_TESTS_CLI_TOOL_H_
#define PLGRAPH_TESTS_CLI_TOOL_H_

#include <sys/types.h>

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

/// Runs `plgraph` with these arguments in a folder and waits for its end.
ToolResult RunTool(const std::vector<std::string>& arguments, const std::string& folder);

/// Starts `plgraph` and returns at once. End it with Kill, or wait for its end with WaitForTool.
pid_t StartTool(const std::vector<std::string>& arguments, const std::string& folder);

/// Waits for the end of what StartTool started in this folder.
ToolResult WaitForTool(pid_t process, const std::string& folder);

/// Sends a signal. Whether it was still running.
bool Signal(pid_t process, int signal);

/// kill -9, and waits for the end. Whether it was still running.
bool Kill(pid_t process);

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_CLI_TOOL_H_
