#ifndef PLGRAPH_TOOLS_REPORT_REPORT_TABLE_H_
#define PLGRAPH_TOOLS_REPORT_REPORT_TABLE_H_

#include <string>
#include <vector>

#include "tools/report/report_runs.h"

namespace plgraph {

/// The table of the runs side by side: model, settings that differ, measures, machine.
std::string RunsTable(const std::vector<ReportRun>& runs);

/// The table of what `plgraph eval` has measured of the runs; "": nothing yet.
std::string EvaluationsTable(const std::vector<ReportRun>& runs);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_REPORT_REPORT_TABLE_H_
