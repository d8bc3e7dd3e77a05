#ifndef PLGRAPH_TOOLS_CLI_MODEL_OPTIONS_H_
#define PLGRAPH_TOOLS_CLI_MODEL_OPTIONS_H_

#include <string>
#include <utility>
#include <vector>

#include "tools/cli/machine.h"
#include "tools/training/loaded_model.h"

namespace CLI {
class App;
}

namespace plgraph {

/// The options of every command that takes a model.
struct ModelOptions {
  std::string path;
  std::vector<std::string> overrides;
  int threads = 0;
};

void AddModelOptions(CLI::App& command, ModelOptions& options);

/// `--grid-range LOW,HIGH`: what is black and what is white in the pictures of a command.
void AddGridRange(CLI::App& command, std::pair<double, double>& range);

/// `--partial`: a file that parameters are taken from may match the model in some tensors only.
void AddPartialFlag(CLI::App& command, bool& partial);

/// Says something on stderr, unless it is empty.
void PrintNote(const std::string& note);

/// The checkpoint that a command takes parameters from: `given`, or where that is "" and the model is a run, the run's
/// own, which is said on stderr; "": neither.
std::string CheckpointOf(Machine& machine, const ModelOptions& options, const std::string& given);

/// The same; throws Error(kInvalid) when there is neither.
std::string NeededCheckpoint(Machine& machine, const ModelOptions& options, const std::string& given);

/// Reads the model, or that of a run; its warnings go to stderr. Throws Error with all faults.
LoadedModel LoadModel(Machine& machine, const ModelOptions& options);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_CLI_MODEL_OPTIONS_H_
