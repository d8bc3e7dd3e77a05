#ifndef PLGRAPH_TOOLS_REPORT_REPORT_PAGE_H_
#define PLGRAPH_TOOLS_REPORT_REPORT_PAGE_H_

#include <string>
#include <string_view>
#include <vector>

#include "tools/report/report_runs.h"

namespace plgraph {

/// One HTML page that shows runs side by side and needs nothing else, from the disk or from the net.
std::string ReportPage(const std::vector<ReportRun>& runs);

// What the page looks like and what draws its curves.
extern const std::string_view kReportStyle;
extern const std::string_view kReportScript;

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_REPORT_REPORT_PAGE_H_
