#ifndef PLGRAPH_TOOLS_REPORT_COMPILE_REPORT_H_
#define PLGRAPH_TOOLS_REPORT_COMPILE_REPORT_H_

#include <string>

#include "graph/compile.h"
#include "tools/training/cost.h"
#include "tools/training/loaded_model.h"

namespace plgraph {

/// Nodes, parameters, what an executable was made for.
std::string SummaryText(const LoadedModel& loaded, const Executable& executable, std::int64_t episode_steps);

/// When and how often the nodes of a phase run.
std::string HowOften(Phase phase, const Executable& executable);

/// Each phase with its nodes, in the order in which they run, and the fused loops of the loops.
std::string PhasesText(const Executable& executable);

/// What is kept of each state that is a matrix, and its bytes; empty if there is none.
std::string TracesText(const Executable& executable);

/// The bytes of the arena by what they are for.
std::string ArenaText(const Executable& executable);

/// What `train` takes at its peak.
std::string PeakText(const PeakMemory& peak);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_REPORT_COMPILE_REPORT_H_
