#ifndef PLGRAPH_TOOLS_CLI_WRONG_USAGE_H_
#define PLGRAPH_TOOLS_CLI_WRONG_USAGE_H_

#include <string>

namespace CLI {
class App;
class Validator;
}  // namespace CLI

namespace plgraph {

/// A sentence on the first word of the command line that names no command, no option and no argument, with the nearest
/// right one; empty if there is no such word. To be asked after the command line was refused.
std::string UnknownWord(const CLI::App& app);

/// Refuses what is not a finite number above 0.
CLI::Validator AboveZero();

/// Refuses what is not a whole number from 1 to 2^53.
CLI::Validator Count();

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_CLI_WRONG_USAGE_H_
