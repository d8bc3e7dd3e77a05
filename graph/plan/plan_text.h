#ifndef PLGRAPH_GRAPH_PLAN_PLAN_TEXT_H_
#define PLGRAPH_GRAPH_PLAN_PLAN_TEXT_H_

#include <string>

#include "graph/plan/executable.h"

namespace plgraph {

/// For developers: one line per node in the order in which they run, with what it runs together.
std::string ScheduleText(const Executable& executable);

/// For developers: the sections of the arena, and one line per value with its place in it; in elements.
std::string MemoryText(const Executable& executable);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PLAN_PLAN_TEXT_H_
