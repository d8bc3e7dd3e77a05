#ifndef PLGRAPH_TOOLS_REPORT_REPORT_MODEL_H_
#define PLGRAPH_TOOLS_REPORT_REPORT_MODEL_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tools/training/loaded_model.h"

namespace plgraph {

/// A node of a model as a report shows it.
struct ReportNode {
  std::string name;
  std::string text;  ///< its op with its operands
  std::string shape;
};

struct ReportPhase {
  std::string name;
  std::string how;  ///< when and how often it runs
  std::vector<ReportNode> nodes = {};
};

/// What a report shows of the model of a run.
struct ReportModel {
  std::string text = "";                                           ///< model.pbtxt; "": it could not be read
  std::vector<std::pair<std::string, std::string>> settings = {};  ///< each by its path, as --set takes it
  std::int64_t parameter_elements = 0;
  std::vector<ReportPhase> phases = {};  ///< the sources of values first
};

/// Takes the settings out of a model and counts the elements of its parameters.
void AddSettings(const LoadedModel& loaded, ReportModel& model);

/// Compiles the model for training on episodes of so many steps, as `train` and `compile` do, and adds the phases of
/// the executable with their nodes in the order in which they run. Throws Error(kInvalid) when it cannot be compiled
/// so.
void AddPhases(const LoadedModel& loaded, std::int64_t episode_steps, ReportModel& model);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_REPORT_REPORT_MODEL_H_
