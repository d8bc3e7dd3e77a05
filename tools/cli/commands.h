#ifndef PLGRAPH_TOOLS_CLI_COMMANDS_H_
#define PLGRAPH_TOOLS_CLI_COMMANDS_H_

#include <functional>

namespace CLI {
class App;
}

namespace plgraph {

/// What the chosen command does once the command line has been read; returns the exit code.
using Action = std::function<int()>;

// Each adds one command with its options and its help to `app`. When the command is chosen, `action` is set.
// `action` must live until it is run.
void AddCompileCommand(CLI::App& app, Action& action);
void AddTrainCommand(CLI::App& app, Action& action);
void AddEvalCommand(CLI::App& app, Action& action);
void AddRunCommand(CLI::App& app, Action& action);
void AddReportCommand(CLI::App& app, Action& action);
void AddGradcheckCommand(CLI::App& app, Action& action);
void AddBenchCommand(CLI::App& app, Action& action);
void AddCheckpointCommand(CLI::App& app, Action& action);
void AddOpsCommand(CLI::App& app, Action& action);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_CLI_COMMANDS_H_
